import fc from "fast-check";
import { expect, test } from "vitest";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import { LowestAhead } from "../../src/core/rebalance/lowest.ts";
import { joinMoves, MoveList } from "../../src/core/rebalance/move-list.ts";
import { reversed } from "../../src/core/rebalance/moves.ts";
import { sortByKey } from "../../src/core/rebalance/order.ts";

test("the next number that is low enough is found, whatever was set before", () => {
  const small = fc.nat({ max: 20 });
  const searches = fc.array(fc.record({ from: small, bound: small, place: small, number: small }));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 20 }), searches, (numbers, steps) => {
      const lowest = new LowestAhead(Float64Array.from(numbers));
      for (const { from, bound, place, number } of steps) {
        const next = numbers.findIndex((each, i) => i >= from && each <= bound);
        expect(lowest.find(from, bound)).toBe(next < 0 ? undefined : next);
        if (place >= numbers.length) continue;
        numbers[place] = number;
        lowest.set(place, number);
      }
    }),
  );
});

test("ids are sorted by key, equal ones left in order, few and many, small and large", () => {
  const keys = fc.oneof(fc.nat({ max: 9 }), fc.nat(), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 300 }), (numbers) => {
      const ids = Int32Array.from(numbers.keys());
      sortByKey(ids, Float64Array.from(numbers));
      const sorted = [...numbers.keys()].sort((a, b) => numbers[a]! - numbers[b]! || a - b);
      expect([...ids]).toEqual(sorted);
    }),
  );
});

const cNode = fc.nat({ max: 9 }).map((i) => `c-${i}` as CNodeId);
const anyMove = fc.record({
  volumeId: fc.nat({ max: 3 }).map((i) => `v-${i}` as VolumeId),
  firstLba: fc.maxSafeNat(),
  lastLba: fc.maxSafeNat(),
  fromCNodeId: cNode,
  toCNodeId: cNode,
});

test("moves that were read in pages are the very columns of all, and turned round twice, too", () => {
  const pages = fc.array(fc.array(anyMove, { maxLength: 9 }), { maxLength: 6 });
  fc.assert(
    fc.property(pages, (parts) => {
      const whole = MoveList.of(parts.flat());
      const joined = joinMoves(parts.map((part) => MoveList.of(part).columns));
      expect(joined.columns).toEqual(whole.columns);
      expect([...joined]).toEqual(parts.flat());
      const back = parts.flat().map((move) => {
        return { ...move, fromCNodeId: move.toCNodeId, toCNodeId: move.fromCNodeId };
      });
      expect([...reversed(joined)]).toEqual(back);
      expect([...reversed(reversed(joined))]).toEqual(parts.flat());
    }),
  );
});
