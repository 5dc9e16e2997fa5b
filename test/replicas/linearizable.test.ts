import { describe, expect, it } from "vitest";
import {
  type Log,
  mistakesIn,
  type ReadCall,
  type Recorded,
  type WriteCall,
} from "./linearizable.ts";

const log: Log = {
  revisions: [1, 2, 3, 4],
  changes: [
    { revision: 1, key: "k", value: "" },
    { revision: 2, key: "k", value: "a" },
    { revision: 3, key: "k", value: "b" },
    { revision: 4, key: "k", value: "c" },
  ],
};
const a: WriteCall = {
  ...{ kind: "write", key: "k", value: "a", match: 1, invoked: 1, returned: 3 },
  outcome: { revision: 2 },
};
const b: WriteCall = {
  ...{ kind: "write", key: "k", value: "b", match: 2, invoked: 4, returned: 7 },
  outcome: { revision: 3 },
};
/** Its answer was lost. */
const c: WriteCall = {
  kind: "write",
  key: "k",
  value: "c",
  match: 3,
  invoked: 8,
  returned: 9,
  outcome: "unknown",
};
const stale: WriteCall = {
  ...{ kind: "write", key: "k", value: "s", match: 2, invoked: 5, returned: 9, outcome: "stale" },
};
const read: ReadCall = {
  ...{ kind: "read", key: "k", invoked: 10, returned: 11, min: 3, head: 3, value: "b", version: 3 },
};
const calls: readonly Recorded[] = [a, b, c, stale, read];
const instead = (one: Recorded, other: Recorded) =>
  calls.map((call) => (call === one ? other : call));

describe("the checker", () => {
  it("finds nothing wrong where nothing is", () => {
    expect(mistakesIn(calls, log)).toEqual([]);
  });

  it.each<[string, readonly Recorded[], Log, RegExp]>([
    ["a revision that is skipped", calls, { ...log, revisions: [1, 2, 4] }, /4 stands where 3/],
    ["one used twice", calls, { ...log, revisions: [1, 2, 3, 3, 4] }, /3 stands where 4/],
    [
      "an acknowledged write that is lost",
      calls,
      { ...log, changes: log.changes.filter(({ value }) => value !== "b") },
      /b from 2 was acknowledged in 3, and stands in undefined/,
    ],
    [
      "one that was done twice",
      calls,
      {
        revisions: [1, 2, 3, 4, 5],
        changes: [...log.changes, { revision: 5, key: "k", value: "b" }],
      },
      /b from 2 was done 2 times/,
    ],
    [
      "one acknowledged otherwise",
      instead(b, { ...b, outcome: { revision: 4 } }),
      log,
      /in 4, and stands in 3/,
    ],
    ["a lost update", instead(b, { ...b, match: 1 }), log, /b from 1 in 3 has overwritten 2/],
    [
      "one of a write without an answer",
      instead(c, { ...c, match: 2 }),
      log,
      /c from 2 in 4 has overwritten 3/,
    ],
    [
      "a refused write that was done",
      instead(b, { ...b, outcome: "stale" }),
      log,
      /was refused, and done in 3/,
    ],
    [
      "a refusal without a reason",
      instead(stale, { ...stale, match: 4 }),
      log,
      /s from 4 was not stale/,
    ],
    ["writes against time", instead(a, { ...a, invoked: 8, returned: 9 }), log, /a took 2, below/],
    [
      "a write that was seen before it was asked for",
      instead(b, { ...b, invoked: 12, returned: 13 }),
      log,
      /b took 3, below/,
    ],
    [
      "a refusal before its reason",
      instead(b, { ...b, invoked: 12, returned: 13 }).filter((call) => call !== c),
      { revisions: [1, 2, 3], changes: log.changes.slice(0, 3) },
      /s from 2 was not stale/,
    ],
    [
      "a write without an answer against time",
      [
        ...instead(c, { ...c, invoked: 14, returned: 15 }),
        { ...read, head: 4, value: "c", version: 4 },
      ],
      log,
      /c took 4, below/,
    ],
    ["a write from what never was", instead(b, { ...b, match: 0 }), log, /b from 0 in 3 was made/],
    [
      "a read beyond the end",
      instead(read, { ...read, head: 5, value: "c", version: 4 }),
      log,
      /the log ends before/,
    ],
    ["what nobody asked for", [a, b], log, /nobody has asked for k := c/],
    ["a stale read", instead(read, { ...read, min: 4 }), log, /asked for from 4 on/],
    [
      "a read of what was not there",
      instead(read, { ...read, value: "a", version: 2 }),
      log,
      /and was b of 3/,
    ],
  ])("finds %s", (_, history, itsLog, words) => {
    expect(mistakesIn(history, itsLog).join("\n")).toMatch(words);
  });
});
