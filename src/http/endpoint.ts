/**
 * One call of the API as data: what it takes, what it answers, who may make it, and the function
 * that answers. The routes, the guards and the OpenAPI document are all made from it.
 */
import type { FastifyBaseLogger } from "fastify";
import type { z } from "zod";
import type { Position } from "../core/delivery-record.ts";
import type { Caller } from "../operations/parts.ts";

/** `open`: anybody, without a token. Each role may also do what the ones before it may. */
export type Role = "open" | "viewer" | "operator" | "admin";

export type Method = "GET" | "PUT" | "PATCH" | "POST" | "DELETE";

/** What becomes of a call when more comes than can be served: see load.ts. */
export type Load = "vital" | "ordinary" | "heavy";

export interface Answer {
  readonly status: number;
  /** JSON, or a stream, or bytes; a function is called only when the body is really needed. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** A stream without end: each piece goes out as it comes, and the connection ends with it. */
  readonly live?: boolean;
  /** The `Revision` header; without one, the store's head. */
  readonly revision?: number;
  readonly etag?: string;
  readonly location?: string;
}

/** What an answer looks like, for the document. */
export interface AnswerDescription {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** With the header `Location`. */
  readonly location?: boolean;
  /** Instead of `application/json`. */
  readonly contentType?: string;
  /** Beside `application/json`. */
  readonly alsoAs?: { readonly contentType: string; readonly example: string };
}

export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The bytes as they come, where the endpoint asks for them. */
  readonly bodyStream: AsyncIterable<Uint8Array>;
  readonly caller: Caller;
  /** Of who calls. */
  readonly role: Exclude<Role, "open"> | "storage-server";
  readonly accept: string | undefined;
  readonly acceptsGzip: boolean;
  /** What the header `Last-Event-ID` names, where the endpoint takes it. */
  readonly lastEvent: Position | undefined;
  readonly log: FastifyBaseLogger;
  /** A signal that is aborted when the client goes away. */
  readonly signal: () => AbortSignal;
  /** No longer counts among those at work: who waits on purpose costs no more than a connection. */
  readonly stepAside: () => void;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

export interface EndpointDescription<
  Params extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> {
  readonly method: Method;
  /** In Fastify's form, `/v1/processes/:processId`. */
  readonly url: string;
  readonly role: Role;
  /** Storage servers may call too: the one that the path names, or any. */
  readonly storageServer?: "own" | "any";
  /** By default ordinary. */
  readonly load?: Load;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Takes an empty body as `{}`. */
  readonly bodyOptional?: boolean;
  readonly bodyExample?: unknown;
  readonly bodyLimitBytes?: number;
  /** The handler parses the bytes as they come: `body` is for the document alone. */
  readonly streamsBody?: boolean;
  /** Writes take `If-Match`; some demand it. */
  readonly ifMatch?: "optional" | "required";
  /** Successes carry an `ETag`; where `ifNoneMatch` is set it goes without saying. */
  readonly tagged?: boolean;
  /** Takes `Last-Event-ID`. */
  readonly resumable?: boolean;
  /** Reads that honour `If-None-Match`. */
  readonly ifNoneMatch?: boolean;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** The statuses of refusals, beside those that every call of the kind has. */
  readonly problems?: readonly number[];
  readonly handle: (
    call: Call<Output<Params>, Output<Query>, Output<Body>>,
  ) => Answer | Promise<Answer>;
}

/** An endpoint whose types have done their work. */
export type Endpoint = EndpointDescription<
  z.ZodObject | undefined,
  z.ZodObject | undefined,
  z.ZodType | undefined
>;

/** Checks the handler against the schemas, then forgets the types. */
export function endpoint<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(description: EndpointDescription<Params, Query, Body>): Endpoint {
  return description as unknown as Endpoint;
}

export const KIB = 1024;
export const MIB = 1024 * KIB;
/** Where a whole table is sent. */
export const TABLE_BODY_LIMIT_BYTES = 128 * MIB;
export const BODY_LIMIT_BYTES = 64 * KIB;
/** A connection without a sign of life is closed after so long, unless a call that it has sent is at work. */
export const CONNECTION_IDLE_MS = 30_000;
