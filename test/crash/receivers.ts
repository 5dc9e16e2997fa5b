/** Storage servers beside the program, which live on when it is killed. */
import { join } from "node:path";
import { createAgent } from "../../src/agent/agent.ts";
import { type CallbackServer, listenForPushes } from "../../src/agent/callback-server.ts";
import type { Agent } from "../../src/agent/interface.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { realClock } from "../support/service.ts";
import type { Caller } from "./caller.ts";

interface Receiver {
  readonly id: string;
  readonly agent: Agent;
  readonly callback: CallbackServer | undefined;
}

export class Receivers {
  readonly #all: Receiver[] = [];
  readonly #onPush: () => void;
  pushes = 0;

  constructor(onPush: () => void) {
    this.#onPush = onPush;
  }

  /** Registers them; the last one pulls, the others are pushed to. */
  async begin(ids: readonly string[], parts: BeginParts): Promise<void> {
    const { caller, serviceUrl, directory } = parts;
    for (const [i, id] of ids.entries()) {
      const path = `/v1/storage-servers/${id}`;
      const { body } = await caller.demand({ method: "PUT", path, body: {} });
      const pulls = i === ids.length - 1;
      const agent = createAgent({
        ...{ storageServerId: id as StorageServerId, serviceUrl, pulls },
        ...{ token: body.token, signingSecrets: [body.signingSecret] },
        stateFile: join(directory, `${id}.tables`),
        ...{ clock: realClock, random: Math.random },
      });
      const callback = pulls ? undefined : await listenForPushes(this.#counted(agent));
      await agent.start();
      if (callback)
        await caller.demand({ method: "PUT", path, body: { callbackUrl: callback.url } });
      this.#all.push({ id, agent, callback });
    }
  }

  /** Nobody may have what the service does not have; what is wrong, in words. */
  async check(caller: Caller): Promise<string[]> {
    const mistakes: string[] = [];
    const positions = this.#all.map(({ agent }) => agent.position());
    const head = (await caller.read("/v1/a2c?volumeId=v-0")).body;
    const { revision: distributedHead } = (await caller.read("/v1/link-assignments")).body;
    const { items } = (await caller.read("/v1/storage-servers")).body;
    for (const [i, { id, agent }] of this.#all.entries()) {
      const { generation, revision } = positions[i]!;
      const { delivery } = items.find((server: { id: string }) => server.id === id);
      if (generation > head.generation || revision > distributedHead) {
        mistakes.push(`${id} has ${revision}, the service ${distributedHead}`);
      }
      if (delivery.state === "ahead") mistakes.push(`${id} is taken to be ahead`);
      const has = agent.position().revision;
      if ((delivery.ackedRevision ?? 0) > has) {
        mistakes.push(`${id} has ${has}, the service knows of ${delivery.ackedRevision}`);
      }
    }
    return [...mistakes, ...(await this.#checkContent(caller))];
  }

  /** Whether each has the tables of its revision. */
  async #checkContent(caller: Caller): Promise<string[]> {
    const mistakes: string[] = [];
    for (const { id, agent } of this.#all) {
      const { revision, digest } = agent.position();
      const { status, body } = await caller.read(`/v1/a2c?revision=${revision}`);
      if (status === 410 || revision === 0) continue;
      if (status !== 200) mistakes.push(`${revision} of ${id} is answered ${status}`);
      else if (body.digest !== digest) mistakes.push(`${id} has other tables in ${revision}`);
    }
    return mistakes;
  }

  /** Each has the head's tables. */
  async checkConverged(caller: Caller): Promise<string[]> {
    const { body } = await caller.read("/v1/a2c");
    return this.#all
      .filter(({ agent }) => agent.position().digest !== body.digest)
      .map(({ id }) => `${id} has not the head's tables in the end`);
  }

  async close(): Promise<void> {
    for (const { agent, callback } of this.#all) {
      await callback?.close();
      await agent.close();
    }
  }

  #counted(agent: Agent): Pick<Agent, "receive"> {
    return {
      receive: (push) => {
        this.pushes++;
        this.#onPush();
        return agent.receive(push);
      },
    };
  }
}

interface BeginParts {
  readonly caller: Caller;
  readonly serviceUrl: string;
  readonly directory: string;
}
