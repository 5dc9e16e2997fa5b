/**
 * Mistakes planted in the pusher, in what it decides by and in the receiver, each of which the
 * histories must find: if they did not, their silence would prove nothing.
 */
import { beforeEach, expect, it, vi } from "vitest";
import { FRESH_STATE } from "../../src/agent/receiver-state.ts";
import { seed } from "../support/seed.ts";
import { runHistory } from "./history.ts";

const HISTORIES_MAX = 12;

type Messages_ = import("../../src/push/messages.ts").Messages;
type Ledger_ = import("../../src/push/ledger.ts").Ledger;
type ServerDelivery_ = import("../../src/push/server-delivery.ts").ServerDelivery;

const planted = vi.hoisted(() => ({ fault: "" }));
beforeEach(() => {
  planted.fault = "";
});

vi.mock("../../src/core/delivery-answers.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/delivery-answers.ts")>();
  const answered: typeof actual.answered = (before, event, context) => {
    const { sent, answer } = event;
    const { generation, revision, digest } = sent;
    const applied = { kind: "applied", generation, revision, digest } as const;
    if (planted.fault === "a send that failed counts as applied" && answer.kind === "failed") {
      return actual.answered(before, { ...event, answer: applied }, context);
    }
    if (planted.fault === "the digest is not looked at" && answer.kind === "applied") {
      return actual.answered(before, { ...event, answer: { ...answer, digest } }, context);
    }
    const after = actual.answered(before, event, context);
    const ignored = planted.fault === "a gap is not believed" && answer.kind === "gap";
    return ignored ? { ...after, acked: before.acked } : after;
  };
  return { ...actual, answered };
});

vi.mock("../../src/core/delivery-attempts.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/delivery-attempts.ts")>();
  const failed: typeof actual.failed = (record, failure) => {
    const after = actual.failed(record, failure);
    const { now } = failure;
    if (planted.fault === "it is tried again at once") return { ...after, nextAttemptAt: now };
    if (planted.fault === "the pause grows without bound") {
      return { ...after, nextAttemptAt: now + 500 * 2 ** after.consecutiveFailures };
    }
    return after;
  };
  return { ...actual, failed };
});

vi.mock("../../src/core/delivery-state.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/delivery-state.ts")>();
  const nextAction: typeof actual.nextAction = (record, head, now) => {
    const action = actual.nextAction(record, head, now);
    if (planted.fault === "who is dormant is not probed" && record.mode === "dormant") {
      return { kind: "idle" };
    }
    if (action.kind !== "send" || action.step.kind !== "delta") return action;
    const { revision, fromRevision } = action.step;
    if (planted.fault === "everybody is sent the whole") {
      return { kind: "send", step: { kind: "snapshot", revision } };
    }
    if (planted.fault === "a delta begins one revision before the head") {
      const step = { ...action.step, fromRevision: Math.max(fromRevision, revision - 1) };
      return { kind: "send", step };
    }
    return action;
  };
  return { ...actual, nextAction };
});

vi.mock("../../src/push/server-delivery.ts", async (original) => {
  const actual = await original<typeof import("../../src/push/server-delivery.ts")>();
  /** The constructor, too, says that the head has moved. */
  const moves = new WeakMap<object, number>();
  class ServerDelivery extends actual.ServerDelivery {
    override headMoved(): void {
      const before = moves.get(this) ?? 0;
      moves.set(this, before + 1);
      const deaf = planted.fault === "every third head is not heard of" && before % 3 === 2;
      if (!deaf) super.headMoved();
    }

    override heard(...[event]: Parameters<ServerDelivery_["heard"]>): Promise<void> {
      const deaf = planted.fault === "reports are not heard" && event.kind === "reported";
      return deaf ? Promise.resolve() : super.heard(event);
    }
  }
  return { ...actual, ServerDelivery };
});

vi.mock("../../src/push/messages.ts", async (original) => {
  const actual = await original<typeof import("../../src/push/messages.ts")>();
  class Messages extends actual.Messages {
    readonly #kept = new Map<string, ReturnType<Messages_["messageFor"]>>();

    override messageFor(
      ...[state, step, settled]: Parameters<Messages_["messageFor"]>
    ): ReturnType<Messages_["messageFor"]> {
      const message = super.messageFor(state, step, settled);
      if (planted.fault === "a message outlives its head") {
        const key = `${step.kind} ${step.kind === "delta" ? step.fromRevision : ""}`;
        const kept = this.#kept.get(key) ?? message;
        this.#kept.set(key, kept);
        return kept;
      }
      if (planted.fault !== "a snapshot is sent empty" || step.kind !== "snapshot") return message;
      return message.then(({ body, sent }) => {
        const empty = { volumes: [], nodes: [], a2c: [], linkAssignments: [] };
        const text = JSON.stringify({ ...JSON.parse(Buffer.from(body).toString()), ...empty });
        return { body: Buffer.from(text), sent };
      });
    }
  }
  return { ...actual, Messages };
});

vi.mock("../../src/push/deliveries.ts", async (original) => {
  const actual = await original<typeof import("../../src/push/deliveries.ts")>();
  class Deliveries extends actual.Deliveries {
    constructor(parts: ConstructorParameters<typeof actual.Deliveries>[0]) {
      super({
        ...parts,
        open: (server, known) => {
          if (planted.fault === "a server has two deliveries") parts.open(server, known).wake();
          return parts.open(server, known);
        },
      });
    }
  }
  return { ...actual, Deliveries };
});

vi.mock("../../src/push/ledger.ts", async (original) => {
  const actual = await original<typeof import("../../src/push/ledger.ts")>();
  class Ledger extends actual.Ledger {
    override write(...[record, written]: Parameters<Ledger_["write"]>): void {
      if (planted.fault !== "acknowledgements are not written") super.write(record, written);
      else written();
    }
  }
  return { ...actual, Ledger };
});

vi.mock("../../src/push/transport.ts", async (original) => {
  const actual = await original<typeof import("../../src/push/transport.ts")>();
  const createTransport: typeof actual.createTransport = (options) =>
    actual.createTransport(
      planted.fault === "a send has no time-out" ? { ...options, timeoutMs: 1e9 } : options,
    );
  return { ...actual, createTransport };
});

// The receiver's own mistakes, for the validators that the pusher's don't come to.
vi.mock("../../src/agent/receive.ts", async (original) => {
  const actual = await original<typeof import("../../src/agent/receive.ts")>();
  const receive: typeof actual.receive = (state, message, self) => {
    const isOlder = message.kind === "snapshot" && message.revision < state.revision;
    if (planted.fault === "a receiver takes what is older" && isOlder) {
      return actual.receive({ ...FRESH_STATE, clusterId: state.clusterId }, message, self);
    }
    const received = actual.receive(state, message, self);
    const halves = planted.fault === "a receiver keeps half of an update" && state.volumes.size > 0;
    if (!halves) return received;
    return { ...received, state: { ...received.state, volumes: state.volumes } };
  };
  return { ...actual, receive };
});

const LATE = /never converged/;

it.each<[fault: string, mistake: RegExp]>([
  ["a send that failed counts as applied", /resumable/],
  ["the digest is not looked at", /resumable|unique|never converged/],
  ["a gap is not believed", /resumable/],
  ["it is tried again at once", /without a pause/],
  ["the pause grows without bound", LATE],
  ["who is dormant is not probed", LATE],
  ["everybody is sent the whole", /resumable/],
  ["a delta begins one revision before the head", /resumable/],
  ["every third head is not heard of", /resumable|never converged/],
  ["reports are not heard", /resumable|never converged/],
  ["a message outlives its head", /ordered|never converged/],
  ["a snapshot is sent empty", LATE],
  ["a server has two deliveries", /unique/],
  ["acknowledgements are not written", /unique|resumable|never converged/],
  ["a send has no time-out", /not given up/],
  ["a receiver takes what is older", /never backwards/],
  ["a receiver keeps half of an update", /atomic/],
])("it is found when %s", async (fault, mistake) => {
  planted.fault = fault;
  const found: string[] = [];
  for (let i = 0; i < HISTORIES_MAX && !found.some((words) => mistake.test(words)); i++) {
    found.push(...(await runHistory(seed + i)).mistakes);
  }
  expect(
    found.some((words) => mistake.test(words)),
    found.join("; "),
  ).toBe(true);
});
