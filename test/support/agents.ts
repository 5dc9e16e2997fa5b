/** Storage servers made of the reference receiver, on a service over real sockets. */
import { join } from "node:path";
import { setImmediate as letOthersRun } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { createAgent } from "../../src/agent/agent.ts";
import { type CallbackServer, listenForPushes } from "../../src/agent/callback-server.ts";
import type { Agent, AgentOptions, AgentPosition } from "../../src/agent/interface.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { lastingPort } from "./lasting-port.ts";
import { Random } from "./random.ts";
import { seed } from "./seed.ts";
import { type Client, realClock, temporaryDirectory } from "./service.ts";

export interface TestAgent {
  readonly id: StorageServerId;
  readonly agent: Agent;
  readonly stateFile: string;
  readonly warnings: string[];
  /** Resolves when what is durable fulfils `wanted`. */
  until(wanted: (position: AgentPosition, agent: Agent) => boolean): Promise<void>;
  /** Ends it, as a machine that goes off; its file stays. */
  stop(): Promise<void>;
  /** The same server begins anew, with what its file has; perhaps on a service begun anew. */
  restart(client?: Client): Promise<TestAgent>;
}

type Settings = Partial<Pick<AgentOptions, "pulls" | "links" | "processes" | "clock">>;

/** Registers a storage server and starts it; it is pushed to unless it pulls. */
export async function addAgent(
  client: Client,
  name: string,
  settings: Settings = {},
): Promise<TestAgent> {
  const { body } = await client.put(`/v1/storage-servers/${name}`, {});
  const start: StartParts = {
    client,
    id: name as StorageServerId,
    stateFile: join(temporaryDirectory(), "tables"),
    credentials: { token: body.token, signingSecrets: [body.signingSecret] },
    settings,
    port: Number(await lastingPort()),
  };
  return startAgent(start);
}

interface StartParts {
  readonly client: Client;
  readonly id: StorageServerId;
  readonly stateFile: string;
  readonly credentials: Pick<AgentOptions, "token" | "signingSecrets">;
  readonly settings: Settings;
  readonly port: number;
}

async function startAgent(parts: StartParts): Promise<TestAgent> {
  const { client, id, stateFile, credentials, settings, port } = parts;
  const warnings: string[] = [];
  const waiting = new Set<() => void>();
  const agent = createAgent({
    ...{ storageServerId: id, serviceUrl: client.address, stateFile },
    ...credentials,
    ...{ clock: realClock, random: new Random(seed).fraction },
    onChange: () => {
      for (const look of [...waiting]) look();
    },
    onWarning: (message, details) => warnings.push(`${message}: ${JSON.stringify(details)}`),
    ...settings,
  });
  let callback: CallbackServer | undefined;
  if (!settings.pulls) callback = await listenForPushes(agent, port);
  await agent.start();
  if (callback) await client.put(`/v1/storage-servers/${id}`, { callbackUrl: callback.url });
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await callback?.close();
    await agent.close();
  };
  onTestFinished(stop);
  return {
    ...{ id, agent, stateFile, warnings, stop },
    until: (wanted) =>
      new Promise((resolve) => {
        const look = () => {
          if (!wanted(agent.position(), agent)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    restart: async (service = client) => {
      await stop();
      return startAgent({ ...parts, client: service });
    },
  };
}

/** Reads a storage server until it is as wanted; what it is then. */
export async function untilServer(
  client: Client,
  id: string,
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  wanted: (server: any) => boolean,
) {
  for (let reads = 0; reads < 20_000; reads++) {
    const { body } = await client.get(`/v1/storage-servers/${id}`);
    if (wanted(body)) return body;
    // A call of the built app goes through no socket, and would let nothing else come through one.
    await letOthersRun();
  }
  const { body } = await client.get(`/v1/storage-servers/${id}`);
  throw new Error(`storage server ${id} stayed ${JSON.stringify(body)}`);
}
