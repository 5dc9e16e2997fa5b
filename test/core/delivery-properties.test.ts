import fc from "fast-check";
import { expect, test } from "vitest";
import { type DeliveryEvent, nextDelivery } from "../../src/core/delivery.ts";
import type { DeliveryAnswer, SentUpdate } from "../../src/core/delivery-answers.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import {
  acknowledgedRevision,
  deliveryState,
  freshDelivery,
  type Head,
  nextAction,
} from "../../src/core/delivery-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";

const digestOf = (n: number) => `xor-sha256:${String(n).padStart(64, "0")}`;
const position = { generation: fc.integer({ min: 0, max: 3 }), revision: fc.nat({ max: 12 }) };

const answer: fc.Arbitrary<DeliveryAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant("applied"),
    ...position,
    digest: fc.nat({ max: 12 }).map(digestOf),
  }),
  fc.record({
    kind: fc.constant("gap"),
    reason: fc.constantFrom("revision", "digest"),
    ...position,
  }),
  fc.constantFrom<DeliveryAnswer>(
    { kind: "accepted" },
    { kind: "rejected", detail: "no" },
    { kind: "gone" },
    { kind: "failed", detail: "time-out" },
  ),
  fc.record({
    kind: fc.constant("busy"),
    detail: fc.constant("busy"),
    retryAfterMs: fc.option(fc.nat(), { nil: undefined }),
  }),
);

const report = fc.record({ ...position, digest: fc.nat({ max: 12 }).map(digestOf) });

/** What happens next: time passes, and an answer, a moved head, news or a wake-up comes. */
const happening = fc.record({
  passesMs: fc.nat({ max: 300_000 }),
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  what: fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("answer" as const), answer }) },
    { weight: 3, arbitrary: fc.constant({ kind: "correct answer" as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: "head" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "generation" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "settled" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reported" as const), report }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom({ kind: "woken" as const }, { kind: "pulled" as const }),
    },
  ),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const NEXT_ATTEMPT_MS_MAX = 24 * 60 * 60_000;

function eventOf({ what }: Happening, sent: SentUpdate, previousHead: Head): DeliveryEvent {
  if (what.kind === "woken" || what.kind === "pulled" || what.kind === "reported") return what;
  if (what.kind === "head" || what.kind === "generation" || what.kind === "settled")
    return { kind: "head-moved", previousHead };
  const correct = { ...sent, kind: "applied" } as const;
  const given = what.kind === "answer" ? what.answer : correct;
  return { kind: "answered", sent, answer: given, gapBefore: false };
}

test("whatever happens, a server is never forgotten, never hurried, never wrongly believed", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      let now = 1_000_000;
      let head: Head = {
        generation: 1,
        revision: 5,
        digest: digestOf(5),
        floorRevision: 2,
        settledRevision: 4,
      };
      let record = freshDelivery({ id: "s" as StorageServerId, registeredRevision: 1 }, now);
      for (const h of happenings) {
        now += h.passesMs;
        const action = nextAction(record, head, now);
        const sends = h.what.kind === "answer" || h.what.kind === "correct answer";
        if (sends && action.kind !== "send") continue;
        const step =
          action.kind === "send"
            ? action.step
            : ({ kind: "snapshot", revision: head.revision } as const);
        const { generation, digest, settledRevision } = head;
        const sent = { ...step, generation, digest, settledRevision };
        const previousHead = head;
        if (h.what.kind === "head")
          head = { ...head, revision: head.revision + 1, digest: digestOf(head.revision + 1) };
        if (h.what.kind === "generation") head = { ...head, generation: head.generation + 1 };
        if (h.what.kind === "settled") head = { ...head, settledRevision: head.revision };
        const before = record;
        const next = nextDelivery(before, eventOf(h, sent, previousHead), {
          now,
          head,
          jitter: h.jitter,
        });
        record = next.record;

        // The action is what the durable record alone leads to: a restart changes nothing.
        expect(next.action).toEqual(nextAction(record, head, now));
        const state = deliveryState(record, head);
        if (before.mode === "gone") expect(state).toBe("gone");
        if (h.what.kind === "correct answer") expect(state).toBe("current");
        if (state === "behind" || state === "dormant") expect(next.action.kind).not.toBe("idle");
        else if (state !== "current") expect(next.action).toEqual({ kind: "idle" });
        else expect(next.action.kind === "idle").toBe(isTold(record, head));
        if (next.action.kind === "wait")
          expect(next.action.until - now).toBeLessThanOrEqual(NEXT_ATTEMPT_MS_MAX);
        if (next.action.kind === "send" && next.action.step.kind === "delta") {
          expect(next.action.step.fromRevision).toBeGreaterThanOrEqual(head.floorRevision);
          expect(next.action.step.fromRevision).toBeLessThan(head.revision);
          expect(record.acked?.generation).toBe(head.generation);
        }
        if (record.mode === "dormant")
          expect(now - record.failingSince!).toBeGreaterThanOrEqual(600_000);
        expect(acknowledgedRevision(record, head) ?? 0).toBeLessThanOrEqual(head.revision);
        expect(record.since).toBeLessThanOrEqual(now);
      }
    }),
    { numRuns: 500 },
  );
});

/** Whether the server has been told all that is settled. */
function isTold({ toldSettled }: DeliveryRecord, head: Head): boolean {
  return (
    toldSettled?.generation === head.generation && toldSettled.revision >= head.settledRevision
  );
}

test("a row of failures is tried for ever, at most a minute apart", () => {
  const jitters = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
    minLength: 30,
    maxLength: 60,
  });
  fc.assert(
    fc.property(jitters, (jitters) => {
      const head: Head = {
        generation: 1,
        revision: 5,
        digest: digestOf(5),
        floorRevision: 0,
        settledRevision: 5,
      };
      let now = 0;
      let record = freshDelivery({ id: "s" as StorageServerId, registeredRevision: 1 }, now);
      const place = { revision: 5, generation: 1, settledRevision: 5, digest: head.digest };
      const sent = { kind: "snapshot", ...place } as const;
      for (const [i, jitter] of jitters.entries()) {
        const event = {
          kind: "answered",
          sent,
          answer: { kind: "failed", detail: "x" },
          gapBefore: false,
        } as const;
        const { record: next, action } = nextDelivery(record, event, { now, head, jitter });
        const bound = next.mode === "dormant" ? 60_000 : Math.min(60_000, 500 * 2 ** i);
        const delayMs = next.nextAttemptAt! - now;
        expect(delayMs).toBeLessThanOrEqual(bound);
        expect(action.kind).toBe(delayMs === 0 ? "send" : "wait");
        record = next;
        now += Math.max(delayMs, 1);
      }
    }),
  );
});
