/** The only place that opens connections: one POST to a storage server, and what came of it. */
import { Agent } from "undici";
import type { Clock } from "../core/clock.ts";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";
import { readAnswer } from "./answers.ts";
import type { CallbackPolicy } from "./callback-policy.ts";
import { guardedConnector } from "./guarded-connector.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
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
  const agents = new Map<string, Agent>();
  const agentOf = (serverId: string): Agent => {
    const known = agents.get(serverId);
    if (known) return known;
    const agent = new Agent({
      connections: 1,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One deadline covers everything, see post().
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: guardedConnector(policy, timeoutMs),
    });
    agents.set(serverId, agent);
    return agent;
  };
  return {
    async send(push) {
      const deadline = new AbortController();
      const cancel = clock.after(timeoutMs, () => {
        deadline.abort(new Error(`no complete answer within ${timeoutMs} ms`));
      });
      try {
        return readAnswer(await post(agentOf(push.serverId), push, deadline.signal), clock.now());
      } catch (error) {
        return { kind: "failed", detail: wordsOf(error) };
      } finally {
        cancel();
      }
    },
    forget(serverId) {
      const agent = agents.get(serverId);
      agents.delete(serverId);
      void agent?.destroy();
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

async function post(agent: Agent, { serverId, url, body, headers }: Push, signal: AbortSignal) {
  const { origin, pathname, search } = new URL(url);
  const answer = await agent.request({
    origin,
    path: pathname + search,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "evenkeel",
      "storage-server-id": serverId,
      ...headers,
    },
    body,
    signal,
  });
  const retryAfter = answer.headers["retry-after"];
  return {
    status: answer.statusCode,
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    body: await textOf(answer.body),
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer of over ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** An error in words; some of Node's have only a code, and some hold others. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
