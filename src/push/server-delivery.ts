/**
 * The delivery to one registration of one storage server: at most one message in flight, always
 * to the head of the moment, and after each answer whatever the state machine says.
 */
import type { Clock } from "../core/clock.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import { type DeliveryContext, type DeliveryEvent, nextDelivery } from "../core/delivery.ts";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";
import type { DeliveryRecord } from "../core/delivery-record.ts";
import { type DeliveryAction, type Head, nextAction, type Step } from "../core/delivery-state.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import { logDelivery } from "./log-delivery.ts";
import type { Message, Messages } from "./messages.ts";
import { type Bursts, Pace } from "./pace.ts";
import type { PushObserver } from "./pusher-port.ts";
import { messageId, signatureHeaders } from "./signature.ts";
import type { Slots, Turn } from "./slots.ts";
import type { Transport } from "./transport.ts";

/** What all deliveries have in common. */
export interface DeliveryParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly slots: Slots;
  readonly ledger: Ledger;
  readonly transport: Transport;
  readonly messages: Messages;
  readonly bursts: Bursts;
  readonly observer?: PushObserver;
  /** The committed state of the moment. */
  readonly state: () => ClusterState;
  readonly head: () => Head;
  /** Before a server is called ahead. */
  readonly lookAtHead?: () => Promise<void>;
}

type Answered = Extract<DeliveryEvent, { kind: "answered" }>;

export class ServerDelivery {
  readonly #parts: DeliveryParts;
  /** What the next message is decided from. */
  #record: DeliveryRecord;
  /** What is durable, and therefore counts. */
  #durable: DeliveryRecord;
  #head: Head;
  readonly #pace: Pace;
  #gapBefore = false;
  /** Records handed to the ledger that are not durable yet. */
  #unwritten = 0;
  #stopped = false;
  #dropped = false;
  #cancelTimer: (() => void) | undefined;
  #underWay: Promise<void> | undefined;

  constructor(parts: DeliveryParts, record: DeliveryRecord) {
    this.#parts = parts;
    this.#pace = new Pace(parts.bursts);
    this.#head = parts.head();
    this.#record = record;
    this.#durable = record;
    this.headMoved();
  }

  get durable(): DeliveryRecord {
    return this.#durable;
  }

  /** Takes the head of the moment in, and what is settled; who was parked may try again. */
  headMoved(): void {
    const previousHead = this.#head;
    this.#head = this.#parts.head();
    const event = { kind: "head-moved", previousHead } as const;
    this.#record = nextDelivery(this.#record, event, this.#context()).record;
    this.#durable =
      this.#unwritten === 0
        ? this.#record
        : nextDelivery(this.#durable, event, this.#context()).record;
  }

  /** Does what there is to do now, if anything, and sees to it that the rest is done in time. */
  wake(): void {
    if (this.#stopped || this.#underWay || !this.#isPushedTo()) return;
    this.#cancelTimer?.();
    const { clock } = this.#parts;
    const action = this.#nextAction();
    if (action.kind === "idle") return;
    if (action.kind === "wait") {
      this.#cancelTimer = clock.after(action.until - clock.now(), () => this.wake());
      return;
    }
    this.#underWay = this.#deliver(this.#turnFor(action.step)).finally(() => {
      this.#underWay = undefined;
      this.wake();
    });
  }

  /** Whoever is not being tried any more is tried now; the others go on as they are. */
  registeredAgain(): void {
    if (this.#record.mode === "active" || this.#record.mode === "ahead") return;
    void this.heard({ kind: "registered-again" });
  }

  /** News of the server that is no answer to a push; resolves when it is durable. */
  heard(event: Exclude<DeliveryEvent, { kind: "answered" | "head-moved" }>): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const durable = this.#settle(event);
    this.wake();
    return durable;
  }

  /** Begins nothing new; what is under way is still recorded. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    return this.#underWay ?? Promise.resolve();
  }

  /** Ends for good: this registration is over, and its answers do not count (rule 7). */
  drop(): void {
    this.#dropped = true;
    void this.stop();
  }

  #isPushedTo(): boolean {
    return this.#registration()?.callbackUrl !== undefined;
  }

  #registration() {
    const { storageServerId, registeredRevision } = this.#record;
    const server = this.#parts.state().storageServers.get(storageServerId);
    return server?.registeredRevision === registeredRevision ? server : undefined;
  }

  #nextAction(): DeliveryAction {
    const now = this.#parts.clock.now();
    const action = nextAction(this.#record, this.#head, now);
    const isHeldUp = action.kind === "send" && action.step.kind === "delta";
    const { readyAt } = this.#pace;
    return isHeldUp && readyAt > now ? { kind: "wait", until: readyAt } : action;
  }

  /** Tables come before what is settled, and whoever answers before whoever has failed. */
  #turnFor(step: Step): Turn {
    return step.kind === "settled" || this.#record.consecutiveFailures > 0 ? "later" : "first";
  }

  async #deliver(turn: Turn): Promise<void> {
    const release = await this.#parts.slots.acquire(turn);
    const answered = await this.#send().finally(release);
    if (answered && isBeyond(answered.answer, this.#head)) await this.#parts.lookAtHead?.();
    if (answered && !this.#dropped) await this.#settle(answered);
  }

  /** Sends what is due, now that there is a slot: the head may have moved in the meantime. */
  async #send(): Promise<Answered | undefined> {
    const { clock, log } = this.#parts;
    const state = this.#parts.state();
    const action = this.#nextAction();
    if (this.#stopped || action.kind !== "send" || !this.#isPushedTo()) return undefined;
    const { step } = action;
    if (step.kind === "delta") this.#pace.sent(clock.now());
    const { settledRevision } = this.#head;
    const gapBefore = this.#gapBefore;
    try {
      const message = await this.#parts.messages.messageFor(state, step, settledRevision);
      if (this.#stopped) return undefined;
      const answer = await this.#post(message);
      this.#gapBefore = answer.kind === "gap";
      return { kind: "answered", sent: message.sent, answer, gapBefore };
    } catch (error) {
      log.error(
        { err: error, storageServerId: this.#record.storageServerId, ...step },
        "cannot make an update",
      );
      const sent = { ...step, generation: state.generation, digest: "", settledRevision };
      const answer = { kind: "failed", detail: "the service could not make the update" } as const;
      return { kind: "answered", sent, answer, gapBefore };
    }
  }

  /** Address and secret are those of the moment; a rotated secret needs no other wake-up. */
  async #post({ body, sent }: Message): Promise<DeliveryAnswer> {
    const { transport, clock, observer } = this.#parts;
    const state = this.#parts.state();
    const { storageServerId, registeredRevision } = this.#record;
    const url = this.#registration()?.callbackUrl;
    const credentials = state.credentials.get(storageServerId);
    if (url === undefined || credentials === undefined) {
      return { kind: "failed", detail: "no callback or no signing secret is registered" };
    }
    const { clusterId } = state;
    const id = messageId({ clusterId, storageServerId, registeredRevision, ...sent });
    const headers = signatureHeaders({ id, body, now: clock.now() }, credentials);
    const sentAt = clock.now();
    const answer = await transport.send({ serverId: storageServerId, url, body, headers });
    observer?.pushed({
      kind: sent.kind,
      answer: answer.kind,
      bytes: body.length,
      durationMs: Math.max(0, clock.now() - sentAt),
    });
    return answer;
  }

  /** Takes an event in and waits until what follows from it is durable. */
  #settle(event: DeliveryEvent): Promise<void> {
    const before = this.#record;
    this.#record = nextDelivery(before, event, this.#context()).record;
    logDelivery(this.#parts.log, this.#head, { before, after: this.#record, event });
    this.#unwritten++;
    return new Promise((resolve) => {
      this.#parts.ledger.write(this.#record, () => {
        this.#unwritten--;
        // Beyond what was written, the record holds at most the news of a moved head.
        if (this.#unwritten === 0) this.#durable = this.#record;
        resolve();
      });
    });
  }

  #context(): DeliveryContext {
    const { clock, random } = this.#parts;
    return { now: clock.now(), head: this.#head, jitter: random() };
  }
}

function isBeyond(answer: DeliveryAnswer, { generation, revision }: Head): boolean {
  return "revision" in answer && answer.generation === generation && answer.revision > revision;
}
