import { beforeEach, describe, expect, it } from "vitest";
import { LeaseKeeper } from "../../src/replicas/lease-keeper.ts";
import type { LeaseWanted } from "../../src/store/shared-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { ManualClock } from "../push/manual-clock.ts";

let clock: ManualClock;
let asked: LeaseWanted[];
let released: number[];
/** What the store answers next. */
let answer: () => number | undefined;
let changes: number;
let keeper: LeaseKeeper;

beforeEach(() => {
  clock = new ManualClock();
  [asked, released, changes] = [[], [], 0];
  answer = () => undefined;
  keeper = new LeaseKeeper({
    shared: {
      hold: async (wanted) => {
        asked.push(wanted);
        return answer();
      },
      release: async (term) => void released.push(term),
    },
    holder: "one",
    clock,
    onChange: () => {
      changes++;
    },
  });
});

describe("the lease", () => {
  it("is tried for every second, and renewed under the term that it was given", async () => {
    await keeper.start();
    expect(keeper.term).toBeUndefined();
    answer = () => 7;
    await clock.advance(1000);
    expect([keeper.term, changes]).toEqual([7, 1]);
    await clock.advance(2000);
    expect(asked.map(({ term }) => term)).toEqual([undefined, undefined, 7, 7]);
    expect(changes).toBe(1);
  });

  it("is lost where another one has it", async () => {
    answer = () => 7;
    await keeper.start();
    answer = () => undefined;
    await clock.advance(1000);
    expect([keeper.term, changes]).toEqual([undefined, 2]);
  });

  it("is thought to be held while the store is out of reach: nobody else can take it", async () => {
    answer = () => 7;
    await keeper.start();
    answer = () => {
      throw new StoreError("unavailable", "out of reach");
    };
    await clock.advance(10_000);
    expect(keeper.term).toBe(7);
    answer = () => 7;
    await clock.advance(1000);
    expect([keeper.term, changes]).toEqual([7, 1]);
  });

  it("is let go at the end", async () => {
    answer = () => 7;
    await keeper.start();
    await keeper.close();
    expect([keeper.term, released]).toEqual([undefined, [7]]);
    await clock.advance(10_000);
    expect(asked).toHaveLength(1);
  });
});
