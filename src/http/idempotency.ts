/**
 * `Idempotency-Key`: a write that is sent again by the same actor to the same method and path is
 * answered again, not done again, for 24 hours. What was asked is kept in the transaction of the
 * revision that it takes, so that not even a kill between revision and answer does it twice.
 * Refusals are not kept: nothing has changed, and the next call may be luckier.
 */
import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { RepeatedCall } from "../operations/commit-queue.ts";
import {
  CALLS_ANSWERED_MS,
  type IdempotentCall,
  type KeptAnswer,
  type KeptCall,
} from "../store/calls.ts";
import type { Store } from "../store/store.ts";
import type { Answer } from "./endpoint.ts";
import { pathOf } from "./paths.ts";
import { HttpProblem } from "./problems.ts";
import { withoutQuery } from "./views.ts";

/** A longer answer is kept as the path where it can be read. */
const BODY_CHARACTERS_MAX = 64 * 1024;
const KEY = /^[\x21-\x7e]{1,255}$/;
/** Shown once, never kept. */
const SECRETS: readonly string[] = ["signingSecret", "token"];

export interface IdempotencyParts {
  readonly store: Pick<Store, "idempotentCall" | "keepAnswer">;
  readonly now: () => number;
}

/** A write with a key. */
export interface KeyedWrite {
  /** The digest of the body's bytes; resolves when all of them have come. */
  readonly bodySha256: () => Promise<string>;
  /** Does it; `call` is kept with the revision, once the whole body has come. */
  readonly handle: (call: () => Promise<IdempotentCall>) => Promise<Answer>;
  /** The head, for answers that name no revision. */
  readonly revision: () => number;
}

export class Idempotency {
  readonly #parts: IdempotencyParts;
  readonly #running = new Set<string>();

  constructor(parts: IdempotencyParts) {
    this.#parts = parts;
  }

  /** The answer of the write, or the one that was given before. */
  async once(request: FastifyRequest, write: KeyedWrite): Promise<Answer> {
    const { store, now } = this.#parts;
    const path = pathOf(request.url);
    const callSha256 = digestOf([request.actor, request.method, path, keyOf(request)]);
    if (this.#running.has(callSha256)) throw stillRunning();
    this.#running.add(callSha256);
    try {
      const at = now();
      const call = async (): Promise<IdempotentCall> => {
        const query = request.url.slice(path.length);
        return { callSha256, requestSha256: digestOf([query, await write.bodySha256()]), at };
      };
      const kept = await store.idempotentCall(callSha256);
      if (kept && kept.at > at - CALLS_ANSWERED_MS) return replay(kept, await call());
      let answer: Answer;
      try {
        answer = await write.handle(call);
      } catch (error) {
        const done = error instanceof RepeatedCall && (await store.idempotentCall(callSha256));
        if (done) return replay(done, await call());
        throw error;
      }
      if (answer.status < 300) {
        const revision = answer.revision ?? write.revision();
        try {
          await store.keepAnswer(await call(), revision, keepable(answer, path));
        } catch (error) {
          // What has taken a revision is done, and kept with it: the next time is answered in short.
          if (!request.committed) throw error;
          request.log.error({ err: error }, "an answer could not be kept");
        }
      }
      return answer;
    } finally {
      this.#running.delete(callSha256);
    }
  }
}

function keyOf({ headers }: FastifyRequest): string {
  const key = headers["idempotency-key"];
  if (typeof key === "string" && KEY.test(key)) return key;
  const message = "Idempotency-Key must be 1 to 255 visible ASCII characters";
  throw new HttpProblem(400, "invalid-idempotency-key", {
    detail: message,
    correction: "Send a random UUID, the same one each time the same write is tried",
    errors: [{ path: "Idempotency-Key", message }],
  });
}

function replay({ requestSha256, revision, answer }: KeptCall, asked: IdempotentCall): Answer {
  if (requestSha256 !== asked.requestSha256) {
    throw new HttpProblem(422, "idempotency-key-reused", {
      detail: "this Idempotency-Key came before with another body or query",
      correction: "Send a new key with every new write",
    });
  }
  // Without an answer, the service was killed before it could give one: the write is durable.
  const { status, body, location, etag } = answer ?? { status: 200, body: { revision } };
  return {
    status,
    revision,
    ...(body === undefined ? {} : { body }),
    ...(location === undefined ? {} : { location }),
    ...(etag === undefined ? {} : { etag }),
  };
}

function keepable({ status, body, location, etag }: Answer, path: string): KeptAnswer {
  if (body === undefined) return { status, location, etag };
  const text = JSON.stringify(body, withoutSecrets);
  const kept =
    text.length > BODY_CHARACTERS_MAX ? { reference: location ?? path } : JSON.parse(text);
  return { status, body: kept, location, etag };
}

function withoutSecrets(name: string, value: unknown): unknown {
  if (SECRETS.includes(name)) return undefined;
  return name === "callbackUrl" && typeof value === "string" ? withoutQuery(value) : value;
}

function stillRunning(): HttpProblem {
  return new HttpProblem(409, "idempotency-key-in-use", {
    detail: "the first call with this Idempotency-Key is still running",
    correction: "Send it again when that has been answered",
  });
}

/** Of texts, told apart from any other texts. */
function digestOf(texts: readonly string[]): string {
  return hash("sha256", JSON.stringify(texts), "hex");
}
