/** What a storage server asks of the service: reports, updates, snapshots. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Agent, type Dispatcher } from "undici";
import { z } from "zod";
import type { LinkHealth, ProcessLoad } from "./interface.ts";
import type { ReferenceMessage } from "./message.ts";

const TIMEOUT_MS = 10_000;
/** How long the service may hold a pull open. */
const PULL_SECONDS = 60;

const reportAnswer = z.object({
  generation: z.int(),
  revision: z.int(),
  settledRevision: z.int(),
  upToDate: z.boolean(),
});
export type ReportAnswer = z.output<typeof reportAnswer>;

export interface Report {
  readonly generation: number;
  readonly revision: number;
  readonly digest: string;
  readonly links?: readonly LinkHealth[] | undefined;
  readonly processes?: readonly ProcessLoad[] | undefined;
}

/** The service answered, but not with what was asked for. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  /** What a 503 asks for. */
  readonly retryAfterMs: number;

  constructor(status: number, detail: string, retryAfterSeconds = 1) {
    super(`the service answered ${status}: ${detail}`);
    this.status = status;
    this.retryAfterMs = retryAfterSeconds * 1000;
  }
}

export interface ServiceClientOptions {
  readonly storageServerId: string;
  /** As `http://127.0.0.1:8080`. */
  readonly serviceUrl: string;
  readonly token?: string | undefined;
}

export class ServiceClient {
  readonly #options: ServiceClientOptions;
  readonly #base: string;
  readonly #connections = new Agent({
    keepAliveTimeout: 30_000,
    // A pull is held open by the service, and a snapshot may be large.
    headersTimeout: (PULL_SECONDS + 10) * 1000,
    bodyTimeout: TIMEOUT_MS,
    connect: { timeout: TIMEOUT_MS },
  });

  constructor(options: ServiceClientOptions) {
    this.#options = options;
    const url = options.serviceUrl.replace(/\/+$/, "");
    this.#base = `${url}/v1/storage-servers/${encodeURIComponent(options.storageServerId)}`;
  }

  async report(report: Report, signal: AbortSignal): Promise<ReportAnswer> {
    const answer = await this.#request(`${this.#base}/report`, {
      method: "POST",
      body: JSON.stringify(report),
      headers: { "content-type": "application/json" },
      signal,
    });
    return reportAnswer.parse(await answer.body.json());
  }

  /** The next update, as JSON; nothing when there was none in the time that is waited. */
  async nextUpdate(
    position: { readonly generation: number; readonly revision: number },
    settledRevision: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    const query = new URLSearchParams({
      generation: String(position.generation),
      after: String(position.revision),
      settledRevision: String(settledRevision),
      waitSeconds: String(PULL_SECONDS),
    });
    const answer = await this.#request(`${this.#base}/updates?${query}`, { signal });
    if (answer.statusCode !== 204) return answer.body.json();
    await answer.body.dump();
    return undefined;
  }

  /** The message that a reference names, once its length and hash are right. */
  async snapshot({ url, bytes, sha256 }: ReferenceMessage, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#request(url, { headers: { "accept-encoding": "gzip" }, signal });
    const isGzip = answer.headers["content-encoding"] === "gzip";
    const body: Readable = isGzip ? answer.body.pipe(createGunzip()) : answer.body;
    answer.body.on("error", (error) => body.destroy(error));
    const pieces: Buffer[] = [];
    const hash = createHash("sha256");
    let length = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > bytes) throw new Error(`the snapshot is longer than the ${bytes} bytes named`);
      hash.update(piece);
      pieces.push(piece);
    }
    if (length !== bytes) throw new Error(`the snapshot has ${length} bytes, not ${bytes}`);
    if (hash.digest("hex") !== sha256) throw new Error("the snapshot has another hash");
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  }

  close(): Promise<void> {
    return this.#connections.destroy();
  }

  async #request(
    url: string,
    {
      headers,
      ...options
    }: Omit<Dispatcher.RequestOptions, "path" | "method" | "origin"> & {
      method?: Dispatcher.HttpMethod;
      headers?: Record<string, string>;
    },
  ): Promise<Dispatcher.ResponseData> {
    const { token } = this.#options;
    const { origin, pathname, search } = new URL(url);
    const answer = await this.#connections.request({
      method: "GET",
      ...options,
      origin,
      path: pathname + search,
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    });
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const text = await answer.body.text();
    const retryAfter = Number(answer.headers["retry-after"] ?? 1);
    throw new ServiceError(answer.statusCode, text.slice(0, 500), retryAfter);
  }
}
