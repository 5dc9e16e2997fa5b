import { expect, it } from "vitest";
import { Pace } from "../../src/push/pace.ts";

/** When deltas go where one is wanted at each of these times. */
function goneAt(wanted: readonly number[]): number[] {
  const pace = new Pace();
  const gone: number[] = [];
  for (const time of wanted) {
    const last = gone.at(-1);
    // What is wanted while one waits goes with that one.
    if (last !== undefined && time <= last) continue;
    const at = Math.max(time, pace.readyAt);
    pace.sent(at);
    gone.push(at);
  }
  return gone;
}

it("lets the first few go at once, and then one each half second", () => {
  const wanted = Array.from({ length: 200 }, (_, i) => 1000 + 25 * i);
  const gone = goneAt(wanted);
  expect(gone.slice(0, 4)).toEqual([1000, 1025, 1050, 1075]);
  for (let i = 5; i < gone.length; i++) expect(gone[i]! - gone[i - 1]!).toBe(500);
  expect(gone.length).toBeLessThanOrEqual(14);
});

it("never holds up a change after a quiet while", () => {
  const wanted = Array.from({ length: 50 }, (_, i) => 1000 + 500 * i);
  expect(goneAt(wanted)).toEqual(wanted);
});
