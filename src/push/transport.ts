/** The only place that opens connections: one POST to a storage server, and what came of it. */
import { Client, type Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";
import { readAnswer } from "./answers.ts";
import type { CallbackPolicy } from "./callback-policy.ts";
import { Exchange } from "./exchange.ts";
import { guardedConnector } from "./guarded-connector.ts";

const KEEP_ALIVE_MS = 30_000;

export interface Push {
  readonly serverId: string;
  readonly url: string;
  /** JSON in UTF-8; shared among servers, never written to. */
  readonly body: Uint8Array;
  /** The message's own: its signature. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Transport {
  /** Never fails: what goes wrong is an answer of kind `failed`, in words. */
  send(push: Push): Promise<DeliveryAnswer>;
  /** Ends a server's connection and whatever is under way on it. */
  forget(serverId: string): void;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly policy: CallbackPolicy;
  /** From the first byte of the connection to the last of the answer. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

/** One kept-alive connection per server, so that none shares its fate with another. */
export function createTransport({
  policy,
  timeoutMs = 10_000,
  clock,
}: TransportOptions): Transport {
  const connections = new Map<string, Connection>();
  const connectionTo = (serverId: string, origin: string): Client => {
    const known = connections.get(serverId);
    if (known?.origin === origin) return known.client;
    void known?.client.destroy();
    const client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One deadline covers everything, see send().
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: guardedConnector(policy, timeoutMs),
    });
    connections.set(serverId, { origin, client });
    return client;
  };
  return {
    async send(push) {
      let cancel = () => {};
      try {
        const url = new URL(push.url);
        const client = connectionTo(push.serverId, url.origin);
        const exchange = new Exchange(client, requestOf(push, url));
        cancel = clock.after(timeoutMs, () => {
          exchange.end(new Error(`no complete answer within ${timeoutMs} ms`));
        });
        return readAnswer(await exchange.answer, clock.now());
      } catch (error) {
        return { kind: "failed", detail: wordsOf(error) };
      } finally {
        cancel();
      }
    },
    forget(serverId) {
      const connection = connections.get(serverId);
      connections.delete(serverId);
      void connection?.client.destroy();
    },
    async close() {
      await Promise.all([...connections.values()].map(({ client }) => client.destroy()));
      connections.clear();
    },
  };
}

interface Connection {
  readonly origin: string;
  readonly client: Client;
}

function requestOf({ serverId, body, headers }: Push, url: URL): Dispatcher.DispatchOptions {
  return {
    path: url.pathname + url.search,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "evenkeel",
      "storage-server-id": serverId,
      ...headers,
    },
    body,
  };
}

/** An error in words; some of Node's have only a code, and some hold others. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
