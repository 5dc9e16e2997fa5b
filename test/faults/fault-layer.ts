/**
 * A real HTTP server before a receiver, in which messages and their answers meet with accidents.
 * Which ones is drawn from a seed of the receiver's own, so that it does not hang on the order in
 * which sockets are served.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { IncomingPush, PushAnswer } from "../../src/agent/interface.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Random } from "../support/random.ts";

export const FAULTS = [
  "lost request",
  "lost acknowledgement",
  "duplicate",
  "reorder",
  "delay",
  "hang",
  "429",
  "500",
  "503",
  "reset in the middle of the request",
  "reset in the middle of the answer",
  "wrong digest",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Who waits for time to pass is told of, so that time can. */
export interface Holder {
  hold(flight: string): void;
  resume(flight: string): void;
  work<T>(promise: Promise<T>): Promise<T>;
}

export interface FaultLayerParts {
  readonly random: Random;
  readonly clock: Clock;
  readonly holder: Holder;
  /** The receiver behind it. */
  readonly take: (push: IncomingPush) => Promise<PushAnswer>;
  /** Called with each message as it arrives, before anything happens to it. */
  readonly onArrival?: (body: string) => void;
}

/** Of the pusher's own time-out, which is 10 s. */
const DELAY_MS_MAX = 9_000;
const OVERTAKEN_MS_MIN = 11_000;
const OVERTAKEN_MS_MAX = 40_000;
const RETRY_AFTER_SECONDS_MAX = 20;

export class FaultLayer {
  readonly #parts: FaultLayerParts;
  readonly #server: Server;
  /** How many messages meet with an accident; 0 is none. */
  probability = 0;
  /** Nothing gets through: it is not answered, or each connection breaks at once. */
  cutOff: "silent" | "broken" | undefined;
  readonly met = new Map<Fault, number>();
  url = "";

  constructor(parts: FaultLayerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tables`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#draw();
    const flight = String(request.headers["x-flight"]);
    const reset = fault === "reset in the middle of the request";
    const body = await bodyOf(request, reset ? () => request.socket.destroy() : undefined);
    if (!body || reset) return;
    this.#parts.onArrival?.(body.toString());
    if (this.cutOff === "silent") return this.#parts.holder.hold(flight);
    if (this.cutOff === "broken") return void response.destroy();
    await this.#meet(fault, { flight, response, push: { headers: request.headers, body } });
  }

  #draw(): Fault | undefined {
    const { random } = this.#parts;
    if (this.cutOff || !random.chance(this.probability)) return undefined;
    const fault = random.pick(FAULTS);
    this.met.set(fault, (this.met.get(fault) ?? 0) + 1);
    return fault;
  }

  async #meet(fault: Fault | undefined, arrival: Arrival): Promise<void> {
    const { random, holder } = this.#parts;
    const { flight, response, push } = arrival;
    const take = () => this.#parts.take(push);
    switch (fault) {
      case "lost request":
        return void response.destroy();
      case "lost acknowledgement":
        await take();
        return void response.destroy();
      case "duplicate":
        // Drawn before the answer: nothing after it may depend on who is served first.
        this.#later(1 + random.below(30_000), take);
        return answer(response, await take());
      case "reorder":
        this.#later(OVERTAKEN_MS_MIN + random.below(OVERTAKEN_MS_MAX - OVERTAKEN_MS_MIN), take);
        return holder.hold(flight);
      case "delay":
        this.#later(1 + random.below(DELAY_MS_MAX), async () => {
          holder.resume(flight);
          answer(response, await take());
        });
        return holder.hold(flight);
      case "hang":
        return holder.hold(flight);
      case "429":
      case "503": {
        const seconds = random.below(RETRY_AFTER_SECONDS_MAX);
        return answer(response, { status: Number(fault) }, { "retry-after": String(seconds) });
      }
      case "500":
        return answer(response, { status: 500 });
      case "reset in the middle of the answer":
        return breakOff(response, await take());
      case "wrong digest":
        return answer(response, withOtherDigest(await take()));
      default:
        return answer(response, await take());
    }
  }

  #later(delayMs: number, happen: () => Promise<unknown>): void {
    const { clock, holder } = this.#parts;
    clock.after(delayMs, () => void holder.work(happen()));
  }
}

interface Arrival {
  readonly flight: string;
  readonly response: ServerResponse;
  readonly push: IncomingPush;
}

/** The whole body; nothing where the connection ends before. */
async function bodyOf(
  request: IncomingMessage,
  onFirstPiece = (): void => {},
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
      onFirstPiece();
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}

function answer(
  response: ServerResponse,
  { status, body }: PushAnswer,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

function breakOff(response: ServerResponse, { status, body }: PushAnswer): void {
  const text = JSON.stringify(body ?? {});
  response.writeHead(status, { "content-length": String(text.length) });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

function withOtherDigest({ status, body }: PushAnswer): PushAnswer {
  const digest = `xor-sha256:${"5".repeat(64)}`;
  return { status, body: body && "digest" in body ? { ...body, digest } : body };
}
