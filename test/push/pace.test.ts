import { expect, it } from "vitest";
import { Bursts, Pace } from "../../src/push/pace.ts";

/** When deltas go where the head moves at each of these times. */
function goneAt(changes: readonly number[]): number[] {
  const bursts = new Bursts();
  const pace = new Pace(bursts);
  const gone: number[] = [];
  let waitsUntil: number | undefined;
  for (const time of [...changes, Number.POSITIVE_INFINITY]) {
    if (waitsUntil !== undefined && waitsUntil <= time) {
      pace.sent(waitsUntil);
      gone.push(waitsUntil);
      waitsUntil = undefined;
    }
    if (time === Number.POSITIVE_INFINITY) break;
    bursts.changed(time);
    waitsUntil = Math.max(time, pace.readyAt);
  }
  return gone;
}

it("lets the first few of a burst go at once, and then one each second", () => {
  const changes = Array.from({ length: 200 }, (_, i) => 1000 + 25 * i);
  const gone = goneAt(changes);
  expect(gone.slice(0, 3)).toEqual([1000, 1025, 1050]);
  for (let i = 4; i < gone.length; i++) expect(gone[i]! - gone[i - 1]!).toBe(1000);
  expect(gone.length).toBeLessThanOrEqual(9);
  // The last change is not forgotten.
  expect(gone.at(-1)).toBeGreaterThanOrEqual(changes.at(-1)!);
});

it("lets no delta wait for more than a second, however many went before", () => {
  const changes = Array.from({ length: 100 }, (_, i) => 1000 + 100 * i);
  const end = changes.at(-1)!;
  const gone = goneAt([...changes, end + 50, end + 60]);
  expect(gone.slice(0, 100)).toEqual(changes);
  expect(gone.slice(100)).toEqual([end + 1000]);
});

it("holds up nothing that does not follow closely", () => {
  const changes = Array.from({ length: 50 }, (_, i) => 1000 + 100 * i);
  expect(goneAt(changes)).toEqual(changes);
});
