/**
 * Mistakes planted in the service and in the receiver, each of which the histories must find: if
 * they did not, their silence would prove nothing.
 */
import { beforeEach, expect, it, vi } from "vitest";
import { FRESH_STATE } from "../../src/agent/receiver-state.ts";
import { seed } from "../support/seed.ts";
import { runHistory } from "./history.ts";
import type { PlantedFaults } from "./world.ts";

const HISTORIES_MAX = 2000;

const planted = vi.hoisted(() => ({ fault: "" }));
beforeEach(() => {
  planted.fault = "";
});

vi.mock("../../src/push/losers-first.ts", async (original) => {
  const { losersFirst } = await original<typeof import("../../src/push/losers-first.ts")>();
  const reversed: typeof losersFirst = (items, isLoser) => losersFirst(items, (i) => !isLoser(i));
  return {
    losersFirst: ((items, isLoser) =>
      (planted.fault === "gainers first" ? reversed : losersFirst)(
        items,
        isLoser,
      )) as typeof losersFirst,
  };
});

vi.mock("../../src/core/settled.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/settled.ts")>();
  const settledRevisionOf: typeof actual.settledRevisionOf = (standings, headRevision) => {
    if (planted.fault === "everything is settled at once") return headRevision;
    const counted = [...standings].map((standing) => {
      const silent = planted.fault === "who has acknowledged nothing holds nothing back";
      if (silent && standing.acknowledged === undefined) return { ...standing, losses: [] };
      const last = planted.fault === "any acknowledgement will do";
      return last && standing.acknowledged !== undefined ? { ...standing, losses: [] } : standing;
    });
    return actual.settledRevisionOf(counted, headRevision);
  };
  return { ...actual, settledRevisionOf };
});

vi.mock("../../src/agent/hand-over.ts", async (original) => {
  const actual = await original<typeof import("../../src/agent/hand-over.ts")>();
  const admit: typeof actual.admit = (state, ...rest) => {
    const ignores = planted.fault === "the settled revision is not looked at";
    return actual.admit(ignores ? { ...state, pending: FRESH_STATE.pending } : state, ...rest);
  };
  const settle: typeof actual.settle = (state, news) => {
    const anywhere = planted.fault === "news is taken at any revision";
    return actual.settle(state, anywhere ? { ...news, revision: state.revision } : news);
  };
  const pendingAfter: typeof actual.pendingAfter = (passage) => {
    const { before } = passage;
    if (planted.fault === "a snapshot is served at once" && !passage.painted) return new Map();
    if (planted.fault === "a message forgets what was pending") {
      return actual.pendingAfter({ ...passage, before: { ...before, pending: new Map() } });
    }
    return actual.pendingAfter(passage);
  };
  return { ...actual, admit, settle, pendingAfter };
});

/** Whether a history finds a mistake of the kind. */
async function isFound(mistake: RegExp, faults?: PlantedFaults): Promise<boolean> {
  for (let i = 0; i < HISTORIES_MAX; i++) {
    if (mistake.test((await runHistory(seed + i, faults)) ?? "")) return true;
  }
  return false;
}

const TWO_OWNERS = /is served by \w+ and \w+$/;

it.each([
  "the settled revision is not looked at",
  "everything is settled at once",
  "who has acknowledged nothing holds nothing back",
  "any acknowledgement will do",
  "news is taken at any revision",
  "a snapshot is served at once",
  "a message forgets what was pending",
])("two owners are found when %s", async (fault) => {
  planted.fault = fault;
  expect(await isFound(TWO_OWNERS)).toBe(true);
});

it("it is found when gainers are pushed to first", async () => {
  planted.fault = "gainers first";
  expect(await isFound(/loses addresses and was sent them after/)).toBe(true);
});

it.each<[string, PlantedFaults]>([
  ["a server counts as having what it was sent", { settlesOnSend: true }],
  ["losses are lost in a crash of the service", { readLosses: () => [] }],
  ["a server answers before it persists", { appliesWithoutPersisting: true }],
])("two owners are found when %s", async (_, faults) => {
  expect(await isFound(TWO_OWNERS, faults)).toBe(true);
});
