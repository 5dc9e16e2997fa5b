/** A storage server: a real agent behind a real HTTP callback, and processes that go by it. */
import { createAgent } from "../agent/agent.ts";
import { type CallbackServer, listenForPushes } from "../agent/callback-server.ts";
import type { Agent, AgentOptions, ProcessLoad } from "../agent/interface.ts";
import type { LinkId, StorageServerId } from "../core/model.ts";
import { type ProcessSpec, SimulatedProcess } from "./simulated-process.ts";

export interface StorageServerParts extends Omit<AgentOptions, "processes" | "links"> {
  readonly hosted: readonly ProcessSpec[];
}

export class SimulatedStorageServer {
  readonly id: StorageServerId;
  readonly processes: readonly SimulatedProcess[];
  readonly agent: Agent;
  readonly #linksDown = new Set<LinkId>();
  #callback: CallbackServer | undefined;

  private constructor({ hosted, ...options }: StorageServerParts) {
    this.id = options.storageServerId;
    this.processes = hosted.map((spec) => new SimulatedProcess(spec));
    this.agent = createAgent({
      ...options,
      links: () => [...this.#linksDown].map((linkId) => ({ linkId, state: "down" })),
      processes: () => this.#measured(),
    });
  }

  /** Listens before it reports: the report makes the service push. */
  static async start(parts: StorageServerParts): Promise<SimulatedStorageServer> {
    const server = new SimulatedStorageServer(parts);
    server.#callback = await listenForPushes(server.agent);
    await server.agent.start();
    return server;
  }

  get callbackUrl(): string | undefined {
    return this.#callback?.url;
  }

  /** One of its links fails, which it reports at once. */
  async loseLink(linkId: LinkId): Promise<void> {
    this.#linksDown.add(linkId);
    await this.agent.report();
  }

  async close(): Promise<void> {
    await this.#callback?.close();
    await this.agent.close();
  }

  /** The work of the last load, where there was one. */
  #measured(): ProcessLoad[] {
    return this.processes
      .map(({ spec, work }) => ({
        processId: spec.id,
        cNodeLoad: work.cNode,
        rNodeLoad: work.routing + work.replication,
      }))
      .filter(({ cNodeLoad, rNodeLoad }) => cNodeLoad + rNodeLoad > 0);
  }
}
