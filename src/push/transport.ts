/** The only place that opens connections: one POST to a storage server, and what came of it. */
import { Client, type Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";
import { createAnswerReader } from "./answers.ts";
import type { CallbackPolicy } from "./callback-policy.ts";
import { Exchange } from "./exchange.ts";
import { wordsOf } from "./fault-words.ts";
import { guardedConnector, type PushCertificates } from "./guarded-connector.ts";

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
  /** Asked for each connection that is opened; those that are open keep theirs. */
  readonly certificates?: () => PushCertificates;
}

/** One kept-alive connection per server, so that none shares its fate with another. */
export function createTransport({
  policy,
  timeoutMs = 10_000,
  clock,
  certificates = () => ({}),
}: TransportOptions): Transport {
  const connections = new Map<string, Connection>();
  const readAnswer = createAnswerReader();
  const connectionTo = ({ serverId, url }: Push): Connection => {
    const known = connections.get(serverId);
    if (known?.url === url) return known;
    const { origin, pathname, search } = new URL(url);
    const client = known?.origin === origin ? known.client : clientOf(origin);
    if (client !== known?.client) void known?.client.destroy();
    const connection = { url, origin, path: pathname + search, client };
    connections.set(serverId, connection);
    return connection;
  };
  const clientOf = (origin: string): Client =>
    new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One deadline covers everything, see send().
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: guardedConnector({ policy, timeoutMs, certificates }),
    });
  return {
    async send(push) {
      let cancel = () => {};
      try {
        const { client, path } = connectionTo(push);
        const exchange = new Exchange(client, requestOf(push, path));
        cancel = clock.after(timeoutMs, () => {
          exchange.end(new Error(`no complete answer within ${timeoutMs} ms`));
        });
        return readAnswer(await exchange.answer, clock.now());
      } catch (error) {
        const isHttps = push.url.toLowerCase().startsWith("https:");
        const hasCertificate = certificates().cert !== undefined;
        return { kind: "failed", detail: wordsOf(error, { isHttps, hasCertificate }) };
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
  readonly url: string;
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly client: Client;
}

function requestOf({ serverId, body, headers }: Push, path: string): Dispatcher.DispatchOptions {
  return {
    path,
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
