import { describe, expect, test } from "vitest";
import { nextDelivery } from "../../src/core/delivery.ts";
import type { DeliveryAnswer, SentUpdate } from "../../src/core/delivery-answers.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import {
  deliveryState,
  deliveryView,
  freshDelivery,
  type Head,
  resumedDelivery,
} from "../../src/core/delivery-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const digest = `xor-sha256:${"ab".repeat(32)}`;
const other = `xor-sha256:${"cd".repeat(32)}`;
const place = { generation: 7, revision: 57, digest, settledRevision: 55 };
const head: Head = { ...place, floorRevision: 30 };
const fresh = freshDelivery({ id: "s-1" as StorageServerId, registeredRevision: 3 }, NOW - 1000);
const at41: DeliveryRecord = { ...fresh, acked: { generation: 7, revision: 41 } };
const delta: SentUpdate = { kind: "delta", fromRevision: 41, ...place };
const snapshot: SentUpdate = { kind: "snapshot", ...place };
const context = { now: NOW, head, jitter: 0.5 };
const position = { generation: 7, revision: 57 };

const sendSnapshot = { kind: "send", step: { kind: "snapshot", revision: 57 } };
const sendDelta = (fromRevision: number) => ({
  kind: "send",
  step: { kind: "delta", fromRevision, revision: 57 },
});
const wait = (ms: number) => ({ kind: "wait", until: NOW + ms });
const idle = { kind: "idle" };

interface Case {
  readonly name: string;
  readonly answer: DeliveryAnswer;
  readonly before?: Partial<DeliveryRecord>;
  readonly sent?: SentUpdate;
  readonly gapBefore?: boolean;
  readonly head?: Head;
  readonly state: string;
  readonly action: object;
  readonly record?: object;
}

const applied = (changes = {}): DeliveryAnswer => ({
  kind: "applied",
  ...position,
  digest,
  ...changes,
});
const gap = (changes = {}): DeliveryAnswer =>
  ({ kind: "gap", reason: "revision", ...position, ...changes }) as DeliveryAnswer;
const timeOut: DeliveryAnswer = { kind: "failed", detail: "no answer" };

const CASES: Case[] = [
  {
    name: "200 as expected is recorded and ends a row of failures",
    answer: applied(),
    before: { consecutiveFailures: 4, failingSince: 5, lastError: "no answer", mode: "dormant" },
    state: "current",
    action: idle,
    record: {
      acked: position,
      consecutiveFailures: 0,
      lastError: undefined,
      lastSeenAt: NOW,
      since: NOW,
    },
  },
  {
    name: "200 goes on at once when the head has moved",
    answer: applied(),
    head: { ...head, revision: 60 },
    state: "behind",
    action: { kind: "send", step: { kind: "delta", fromRevision: 57, revision: 60 } },
  },
  {
    name: "200 with another digest: a snapshot, and it does not count as acknowledged",
    answer: applied({ digest: other }),
    state: "behind",
    action: sendSnapshot,
    record: { snapshotNeeded: true, consecutiveFailures: 0 },
  },
  {
    name: "200 with another digest after a snapshot: a snapshot, but not in a loop",
    answer: applied({ digest: other }),
    sent: snapshot,
    state: "behind",
    action: wait(250),
    record: { snapshotNeeded: true, consecutiveFailures: 1 },
  },
  {
    name: "200 with a lower revision: a failure and a report",
    answer: applied({ revision: 44 }),
    state: "behind",
    action: wait(250),
    record: { acked: { generation: 7, revision: 44 }, consecutiveFailures: 1 },
  },
  {
    name: "200 with another generation: a failure and a report",
    answer: applied({ generation: 6 }),
    state: "behind",
    action: wait(250),
    record: { acked: { generation: 6, revision: 57 } },
  },
  {
    name: "200 with more than the head: ahead",
    answer: applied({ revision: 58 }),
    state: "ahead",
    action: idle,
  },
  {
    name: "202 waits a minute for a report",
    answer: { kind: "accepted" },
    state: "behind",
    action: wait(MINUTE),
    record: { consecutiveFailures: 0, acked: at41.acked },
  },
  {
    name: "409 elsewhere: from there at once, even when it is lower",
    answer: gap({ revision: 35 }),
    state: "behind",
    action: sendDelta(35),
    record: { acked: { generation: 7, revision: 35 } },
  },
  {
    name: "409 below the floor: a snapshot",
    answer: gap({ revision: 29 }),
    state: "behind",
    action: sendSnapshot,
  },
  {
    name: "409 in another generation: a snapshot",
    answer: gap({ generation: 6, revision: 41 }),
    state: "behind",
    action: sendSnapshot,
  },
  {
    name: "409 of a new receiver: a snapshot",
    answer: gap({ generation: 0, revision: 0 }),
    state: "behind",
    action: sendSnapshot,
  },
  {
    name: "409 because of the digest: a snapshot",
    answer: gap({ reason: "digest", revision: 41 }),
    state: "behind",
    action: sendSnapshot,
  },
  {
    name: "409 at the very revision that the delta started from: a snapshot",
    answer: gap({ revision: 41 }),
    state: "behind",
    action: sendSnapshot,
  },
  {
    name: "409 with more than the head: ahead",
    answer: gap({ revision: 99 }),
    state: "ahead",
    action: idle,
    record: { acked: { generation: 7, revision: 99 } },
  },
  {
    name: "a second 409 in a row is a failure",
    answer: gap({ revision: 35 }),
    gapBefore: true,
    state: "behind",
    action: wait(250),
    record: { consecutiveFailures: 1, acked: { generation: 7, revision: 35 } },
  },
  {
    name: "422 parks the revision",
    answer: { kind: "rejected", detail: "refused: no such C-node" },
    state: "parked",
    action: idle,
    record: { parkedAt: position, lastError: "refused: no such C-node", acked: at41.acked },
  },
  {
    name: "422 of a revision that is not the head any more: the next one at once",
    answer: { kind: "rejected", detail: "refused" },
    head: { ...head, revision: 58 },
    state: "behind",
    action: { kind: "send", step: { kind: "delta", fromRevision: 41, revision: 58 } },
  },
  { name: "410 is the end", answer: { kind: "gone" }, state: "gone", action: idle },
  {
    name: "429 with Retry-After is obeyed",
    answer: { kind: "busy", detail: "answered 429", retryAfterMs: 7000 },
    state: "behind",
    action: wait(7000),
    record: { lastSeenAt: NOW, lastError: "answered 429" },
  },
  {
    name: "an absurd Retry-After is cut to a day",
    answer: { kind: "busy", detail: "answered 503", retryAfterMs: 10 ** 12 },
    state: "behind",
    action: wait(24 * 60 * MINUTE),
  },
  {
    name: "a Retry-After of nothing falls back to the backoff",
    answer: { kind: "busy", detail: "answered 503", retryAfterMs: 0 },
    before: { consecutiveFailures: 3 },
    state: "behind",
    action: wait(2000),
  },
  {
    name: "the first failure waits up to half a second",
    answer: timeOut,
    state: "behind",
    action: wait(250),
    record: {
      failingSince: NOW,
      lastError: "no answer",
      lastAttemptAt: NOW,
      lastSeenAt: undefined,
    },
  },
  {
    name: "the backoff doubles",
    answer: timeOut,
    before: { consecutiveFailures: 5, failingSince: NOW - 10_000 },
    state: "behind",
    action: wait(8000),
  },
  {
    name: "the backoff ends at a minute",
    answer: timeOut,
    before: { consecutiveFailures: 500, failingSince: NOW - 10_000 },
    state: "behind",
    action: wait(30_000),
  },
  {
    name: "ten minutes of failure make it dormant, with a probe a minute",
    answer: timeOut,
    before: { consecutiveFailures: 20, failingSince: NOW - 10 * MINUTE },
    state: "dormant",
    action: wait(MINUTE),
    record: { since: NOW },
  },
  {
    name: "a failed probe leaves it dormant since then",
    answer: timeOut,
    before: { consecutiveFailures: 21, failingSince: NOW - 11 * MINUTE, mode: "dormant", since: 9 },
    state: "dormant",
    action: wait(MINUTE),
    record: { since: 9 },
  },
];

describe("an answer", () => {
  test.each(CASES)("$name", (c) => {
    const before = { ...at41, ...c.before };
    const sent = c.sent ?? delta;
    const event = {
      kind: "answered",
      sent,
      answer: c.answer,
      gapBefore: c.gapBefore ?? false,
    } as const;
    const now = { ...context, head: c.head ?? head };
    const { record, action } = nextDelivery(before, event, now);
    expect(deliveryState(record, now.head)).toBe(c.state);
    expect(action).toEqual(c.action);
    expect(record).toMatchObject(c.record ?? {});
  });

  test("that corrects the position keeps the content in doubt until a snapshot is acknowledged", () => {
    const doubtful = { ...at41, snapshotNeeded: true };
    const answer = gap({ revision: 41 });
    const event = { kind: "answered", sent: snapshot, answer, gapBefore: false } as const;
    expect(nextDelivery(doubtful, event, context).action).toEqual(sendSnapshot);
  });

  test("that reports the head is checked against the head's digest", () => {
    const newer = { ...head, revision: 60 };
    const report = (digestAtHead: string) => {
      const answer = applied({ revision: 60, digest: digestAtHead });
      const event = { kind: "answered", sent: delta, answer, gapBefore: false } as const;
      return nextDelivery(at41, event, { ...context, head: newer }).record;
    };
    expect(deliveryState(report(digest), newer)).toBe("current");
    expect(deliveryState(report(other), newer)).toBe("behind");
  });
});

describe("a moved head", () => {
  const current = { ...fresh, acked: position };
  const moved = (record: DeliveryRecord, next: Head) =>
    nextDelivery(record, { kind: "head-moved", previousHead: head }, { ...context, head: next });

  test("sends the difference to who was current", () => {
    const { record, action } = moved(current, { ...head, revision: 58 });
    expect(action).toEqual({
      kind: "send",
      step: { kind: "delta", fromRevision: 57, revision: 58 },
    });
    expect(record.since).toBe(NOW);
  });

  test("does not cut a backoff short, nor wake who is dormant or gone", () => {
    const next = { ...head, revision: 58 };
    expect(moved({ ...at41, nextAttemptAt: NOW + 9 }, next).action).toEqual(wait(9));
    const dormant = { ...at41, mode: "dormant", nextAttemptAt: NOW + 9 } as const;
    expect(moved(dormant, next)).toEqual({ record: dormant, action: wait(9) });
    expect(moved({ ...at41, mode: "gone" }, next).action).toEqual(idle);
  });

  test("gives a parked server the next revision, and never the same again", () => {
    const parked = { ...at41, mode: "parked", parkedAt: position } as const;
    expect(moved(parked, head)).toEqual({ record: parked, action: idle });
    expect(moved(parked, { ...head, revision: 58 }).record.mode).toBe("active");
  });

  test("ends `ahead` only in a new generation, with a snapshot", () => {
    const ahead = { ...fresh, mode: "ahead", acked: { generation: 7, revision: 99 } } as const;
    expect(moved(ahead, { ...head, revision: 99 }).action).toEqual(idle);
    expect(moved(ahead, { ...head, generation: 8 }).action).toEqual(sendSnapshot);
  });

  test("starts a new row of failures for who reached the last head in spite of one", () => {
    const { record } = moved(
      { ...current, consecutiveFailures: 3, failingSince: 1 },
      { ...head, revision: 58 },
    );
    expect(record).toMatchObject({ consecutiveFailures: 0, failingSince: undefined });
  });
});

describe("a wake-up", () => {
  const woken = (mode: DeliveryRecord["mode"]) =>
    nextDelivery(
      { ...at41, mode, parkedAt: position, nextAttemptAt: NOW + MINUTE, consecutiveFailures: 9 },
      { kind: "woken" },
      context,
    );
  test.each(["active", "dormant", "parked"] as const)("tries a server that is %s now", (mode) => {
    const { record, action } = woken(mode);
    expect(action).toEqual(sendDelta(41));
    expect(record).toMatchObject({ mode: "active", consecutiveFailures: 0 });
  });
  test.each(["gone", "ahead"] as const)("leaves a server alone that is %s", (mode) => {
    expect(woken(mode).action).toEqual(idle);
  });
});

describe("the view", () => {
  test("of a new server shows the whole head as lag", () => {
    expect(deliveryView(fresh, head)).toEqual({
      state: "behind",
      headRevision: 57,
      lag: 57,
      since: NOW - 1000,
      consecutiveFailures: 0,
    });
  });
  test("counts what was acknowledged in another generation as nothing", () => {
    const view = deliveryView({ ...fresh, acked: { generation: 6, revision: 50 } }, head);
    expect(view).toMatchObject({ lag: 57, ackedRevision: undefined });
  });
  test("shows what a server that is ahead claims, and no negative lag", () => {
    const record = { ...fresh, mode: "ahead", acked: { generation: 7, revision: 60 } } as const;
    expect(deliveryView(record, head)).toMatchObject({ state: "ahead", ackedRevision: 60, lag: 0 });
  });
  test("after a restart says `behind` since now, unless it was failing", () => {
    expect(resumedDelivery(at41, head, NOW).since).toBe(NOW);
    expect(resumedDelivery({ ...at41, consecutiveFailures: 1 }, head, NOW).since).toBe(NOW - 1000);
    expect(resumedDelivery({ ...at41, acked: position }, head, NOW).since).toBe(NOW - 1000);
  });
});
