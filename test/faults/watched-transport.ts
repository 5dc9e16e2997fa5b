/** The pusher's real transport, with what it sends and is answered in the logs. */
import type { Clock } from "../../src/core/clock.ts";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { DeliveryAnswer } from "../../src/core/delivery-answers.ts";
import { parseCallbackPolicy } from "../../src/push/callback-policy.ts";
import { createTransport, type Push, type Transport } from "../../src/push/transport.ts";
import type { Flights } from "./flights.ts";
import type { Log, SentMessage } from "./log.ts";

const TIMEOUT_MS = 10_000;
/** To one server, without any time passing. */
const MESSAGES_AT_ONCE_MAX = 60;

export interface WatchedTransportParts {
  readonly clock: Clock;
  readonly flights: Flights;
  readonly logOf: (serverId: string) => Log;
  readonly onMistake: (mistake: string) => void;
  readonly floorRevision: () => number;
  readonly head: () => ClusterState;
}

export class WatchedTransport implements Transport {
  readonly #parts: WatchedTransportParts;
  readonly #transport: Transport;
  readonly #inFlight = new Set<string>();
  #ended = false;

  constructor(parts: WatchedTransportParts) {
    this.#parts = parts;
    const policy = parseCallbackPolicy("127.0.0.0/8");
    this.#transport = createTransport({ policy, timeoutMs: TIMEOUT_MS, clock: parts.clock });
  }

  async send(push: Push): Promise<DeliveryAnswer> {
    const { clock, logOf, floorRevision, head } = this.#parts;
    const { serverId } = push;
    const log = logOf(serverId);
    const at = clock.now();
    const message = messageOf(push);
    log.add({ kind: "sent", at, message, floorRevision: floorRevision() });
    if (!this.#isInOrder(serverId, log.countAt(at))) return never();
    this.#inFlight.add(serverId);
    const answer = await this.#fly(push);
    // Whoever began this life is gone, or has begun another registration.
    if (this.#ended) return never();
    this.#inFlight.delete(serverId);
    log.add({ kind: "answered", at: clock.now(), message, answer, head: head() });
    return answer;
  }

  forget(serverId: string): void {
    this.#inFlight.delete(serverId);
    this.#transport.forget(serverId);
  }

  close(): Promise<void> {
    this.#ended = true;
    return this.#transport.close();
  }

  /** What would never come to an end is not let begin. */
  #isInOrder(serverId: string, messagesNow: number): boolean {
    const { onMistake } = this.#parts;
    const isSecond = this.#inFlight.has(serverId);
    if (isSecond) onMistake(`unique: ${serverId}: a second message in flight`);
    const isLoop = messagesNow > MESSAGES_AT_ONCE_MAX;
    if (isLoop) onMistake(`${serverId} is sent message after message without a pause`);
    return !isSecond && !isLoop;
  }

  async #fly(push: Push): Promise<DeliveryAnswer> {
    const { clock, flights, onMistake } = this.#parts;
    const flight = flights.begin();
    const cancel = clock.after(TIMEOUT_MS, async () => {
      const isOver = await flights.isGivenUp(flight);
      if (!isOver) onMistake(`${push.serverId}: a message is not given up`);
    });
    const headers = { ...push.headers, "x-flight": flight };
    const answer = await this.#transport.send({ ...push, headers });
    cancel();
    flights.end(flight);
    return answer;
  }
}

const never = () => new Promise<never>(() => {});

function messageOf({ body }: Push): SentMessage {
  const { kind, generation, fromRevision, revision } = JSON.parse(Buffer.from(body).toString());
  return { kind, generation, fromRevision, revision };
}
