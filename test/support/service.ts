/** A whole service on a temporary store, called through the built app. */
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { LightMyRequestResponse } from "fastify";
import { type DestinationStream, pino } from "pino";
import { onTestFinished } from "vitest";
import { readConfig } from "../../src/config.ts";
import type { Clock } from "../../src/core/clock.ts";
import { parseCallbackPolicy, type Resolve } from "../../src/push/callback-policy.ts";
import { type Bounds, createService, type Service } from "../../src/service.ts";
import { newDatabaseUrl } from "./databases.ts";
import { expectDocumented } from "./documented.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const realClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Threads run the compiled program, which the global setup has built. */
export const programRoot = new URL("../../dist/", import.meta.url);

export { temporaryDirectory };

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The `Revision` header. */
  readonly revision: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  readonly body: any;
}

export interface Client {
  readonly service: Service;
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly address: string;
  call(method: string, url: string, body?: unknown, headers?: Headers): Promise<Answered>;
  /** The same over a real connection, for calls that wait. */
  callOverSocket(method: string, url: string, body?: unknown): Promise<Answered>;
  /** What comes back for bytes that need not be a request. */
  raw(bytes: string): Promise<string>;
  get(url: string, headers?: Headers): Promise<Answered>;
  put(url: string, body: unknown, headers?: Headers): Promise<Answered>;
  patch(url: string, body: unknown, headers?: Headers): Promise<Answered>;
  post(url: string, body?: unknown, headers?: Headers): Promise<Answered>;
  delete(url: string, headers?: Headers): Promise<Answered>;
}

type Headers = Record<string, string>;

/** What the service has around it, where a test watches or replaces that. */
export interface Surroundings {
  readonly log?: DestinationStream;
  /** What names mean to callbacks. */
  readonly resolve?: Resolve;
}

/** Environment variables as the program takes them; the store is fresh unless one is named. */
export async function startService(
  environment: Record<string, string> = {},
  clock: Clock = realClock,
  bounds: Bounds = {},
  { log, resolve }: Surroundings = {},
): Promise<Client> {
  const DATABASE_URL = await newDatabaseUrl();
  const config = readConfig({ DATABASE_URL, PORT: "0", LOG_LEVEL: "silent", ...environment });
  const callbackPolicy = resolve
    ? parseCallbackPolicy(environment.CALLBACK_ALLOW ?? "", resolve)
    : config.callbackPolicy;
  const service = await createService({
    config: { ...config, callbackPolicy },
    logger: pino({ level: config.logLevel }, log),
    clock,
    random: Math.random,
    onFailure: (error) => {
      throw error;
    },
    bounds,
    programRoot,
  });
  const address = await service.start();
  onTestFinished(() => service.close());
  return clientOf(service, address);
}

function clientOf(service: Service, address: string): Client {
  const call = async (method: string, url: string, body?: unknown, headers: Headers = {}) => {
    // As over a connection: no two calls one after another come in one turn of the event loop.
    await letOthersRun();
    const answer = await service.app.inject({
      method: method as "GET",
      url,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      payloadAsStream: true,
      ...(body === undefined
        ? {}
        : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const content = await bodyOf(answer);
    const json = String(answer.headers["content-type"]).includes("json");
    expectDocumented({ method, url, status: answer.statusCode, headers: answer.headers });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      revision: Number(answer.headers.revision),
      body: json && content !== "" ? safeJson(content) : content,
    };
  };
  return {
    service,
    address,
    call,
    callOverSocket: (method, url, body) => callOverSocket(method, `${address}${url}`, body),
    raw: (bytes) => exchange(address, bytes),
    get: (url, headers) => call("GET", url, undefined, headers),
    put: (url, body, headers) => call("PUT", url, body, headers),
    patch: (url, body, headers) => call("PATCH", url, body, headers),
    post: (url, body, headers) => call("POST", url, body, headers),
    delete: (url, headers) => call("DELETE", url, undefined, headers),
  };
}

/** Of a stream without end, nothing is waited for: its client goes away. */
async function bodyOf({ headers, stream }: LightMyRequestResponse): Promise<string> {
  const content = stream();
  if (headers["content-type"] !== "text/event-stream") return text(content);
  content.destroy();
  return "";
}

async function exchange(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.end(bytes);
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

async function callOverSocket(method: string, url: string, body: unknown): Promise<Answered> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    revision: Number(answer.headers.get("revision")),
    body: safeJson(await answer.text()),
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** FIG. 4, 5 and 6: three servers that pull, so that nothing is sent. */
export const workedExample = {
  storageServers: [{ id: "s-1" }, { id: "s-2" }, { id: "s-3" }],
  processes: [
    { id: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" },
    { id: "B", storageServerId: "s-2", rNodeId: "r-b", cNodeId: "c-2" },
    { id: "C", storageServerId: "s-3", rNodeId: "r-c", cNodeId: "c-3" },
  ],
  links: [
    { id: "link-1", remoteAddress: "203.0.113.10", remotePort: 3260 },
    { id: "link-2", remoteAddress: "203.0.113.11", remotePort: 3260 },
  ],
  volumes: [
    {
      id: "vol-1",
      blockCount: 101,
      entries: [
        { firstLba: 0, lastLba: 32, cNodeId: "c-1" },
        { firstLba: 33, lastLba: 66, cNodeId: "c-2" },
        { firstLba: 67, lastLba: 100, cNodeId: "c-3" },
      ],
    },
  ],
  linkAssignments: [
    { linkId: "link-1", rNodeId: "r-a" },
    { linkId: "link-2", rNodeId: "r-c" },
  ],
};

export async function startWorkedExample(
  ...parameters: Parameters<typeof startService>
): Promise<Client> {
  const client = await startService(...parameters);
  const { status } = await client.post("/v1/topology", workedExample);
  if (status !== 200) throw new Error(`the worked example was refused with ${status}`);
  return client;
}

/** The A2C table in short: `c-1: 0–32`. */
export async function tableOf(client: Client): Promise<string[]> {
  const { body } = await client.get("/v1/a2c");
  return body.entries.map(
    (entry: { cNodeId: string; firstLba: number; lastLba: number }) =>
      `${entry.cNodeId}: ${entry.firstLba}–${entry.lastLba}`,
  );
}
