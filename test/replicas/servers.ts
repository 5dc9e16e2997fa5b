/** Storage servers behind a balancer, in this process: what each may serve is seen at every change. */
import { join } from "node:path";
import { createAgent } from "../../src/agent/agent.ts";
import { type CallbackServer, listenForPushes } from "../../src/agent/callback-server.ts";
import type { Agent } from "../../src/agent/interface.ts";
import type { CNodeId, StorageServerId, VolumeId } from "../../src/core/model.ts";
import { realClock } from "../support/service.ts";

export const SERVERS = ["s-0", "s-1", "s-2"];
export const VOLUME = "v-0" as VolumeId;
export const BLOCKS = 60;

type Demand = (
  method: string,
  path: string,
  body?: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
) => Promise<{ body: any }>;

interface Running {
  readonly id: string;
  readonly agent: Agent;
  readonly callback: CallbackServer | undefined;
}

export class Servers {
  readonly #all: Running[] = [];
  readonly mistakes: string[] = [];
  /** How often it was looked whether an address has two owners. */
  looks = 0;

  /** The last one pulls, the others are pushed to. */
  async begin(demand: Demand, serviceUrl: string, directory: string): Promise<void> {
    for (const [i, id] of SERVERS.entries()) {
      const path = `/v1/storage-servers/${id}`;
      const { body } = await demand("PUT", path, {});
      const pulls = i === SERVERS.length - 1;
      let last = { generation: 0, revision: 0 };
      const agent = createAgent({
        ...{ storageServerId: id as StorageServerId, serviceUrl, pulls },
        ...{ token: body.token, signingSecrets: [body.signingSecret] },
        stateFile: join(directory, `${id}.tables`),
        ...{ clock: realClock, random: Math.random },
        onChange: () => {
          const { generation, revision } = agent.position();
          if (generation !== 1 || revision < last.revision) {
            this.mistakes.push(`${id} went from ${last.revision} to ${revision} of ${generation}`);
          }
          last = { generation, revision };
          this.#lookForTwoOwners();
        },
      });
      const callback = pulls ? undefined : await listenForPushes(agent);
      await agent.start();
      this.#all.push({ id, agent, callback });
      if (callback) await demand("PUT", path, { callbackUrl: callback.url });
    }
  }

  /** Each has the tables with this digest. */
  have(digest: string): boolean {
    return this.#all.every(({ agent }) => agent.position().digest === digest);
  }

  /** Each may serve what it owns. */
  haveSettled(revision: number): boolean {
    return this.#all.every(({ agent }) => agent.position().settledRevision >= revision);
  }

  async close(): Promise<void> {
    for (const { agent, callback } of this.#all) {
      await callback?.close();
      await agent.close();
    }
  }

  #lookForTwoOwners(): void {
    this.looks++;
    for (let lba = 0; lba < BLOCKS; lba++) {
      const run = { volumeId: VOLUME, firstLba: lba, lastLba: lba };
      const serving = this.#all.filter(
        ({ agent }, i) => agent.admit(`c-${i}` as CNodeId, run).kind === "serve",
      );
      if (serving.length > 1) {
        this.mistakes.push(`${lba} is served by ${serving.map(({ id }) => id).join(" and ")}`);
      }
    }
  }
}
