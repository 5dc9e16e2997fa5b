import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import type { CNodeId, OwnedRange } from "../../src/core/model.ts";
import { columnsOf, rangesOf } from "../../src/core/ranges.ts";

/** The owner of each address. */
type Model = readonly string[];

function runsOf(model: Model, first = 0, last = model.length - 1): OwnedRange[] {
  const runs: OwnedRange[] = [];
  for (let start = first; start <= last; ) {
    let end = start;
    while (end < last && model[end + 1] === model[start]) end++;
    runs.push({ firstLba: start, lastLba: end, cNodeId: model[start] as CNodeId });
    start = end + 1;
  }
  return runs;
}

const keyOf = ({ firstLba, lastLba, cNodeId }: OwnedRange) => `${firstLba} ${lastLba} ${cNodeId}`;

function expectSame(map: AddressMap, model: Model): void {
  const runs = runsOf(model);
  expect([...map.ranges()]).toEqual(runs);
  expect([...rangesOf(map.columns())]).toEqual(runs);
  expect(map.blockCount).toBe(model.length);
  expect(map.rangeCount).toBe(runs.length);
  const sizes = new Map<string, number>();
  const rangeCounts = new Map<string, number>();
  for (const { firstLba, lastLba, cNodeId } of runs) {
    sizes.set(cNodeId, (sizes.get(cNodeId) ?? 0) + lastLba - firstLba + 1);
    rangeCounts.set(cNodeId, (rangeCounts.get(cNodeId) ?? 0) + 1);
  }
  const bySize = map.owners().map((owner, i) => [owner, map.sizesByOwner()[i] ?? 0] as const);
  expect(new Map(bySize.filter(([, size]) => size > 0))).toEqual(sizes);
  for (const cNodeId of ["c0", "c1", "c2", "c3", "nobody"] as CNodeId[]) {
    expect(map.sizeOf(cNodeId)).toBe(sizes.get(cNodeId) ?? 0);
    expect(map.rangeCountOf(cNodeId)).toBe(rangeCounts.get(cNodeId) ?? 0);
  }
}

function expectDifference(before: AddressMap, after: AddressMap, old: Model, now: Model): void {
  const [left, right] = [runsOf(old), runsOf(now)];
  const [leftKeys, rightKeys] = [new Set(left.map(keyOf)), new Set(right.map(keyOf))];
  const { removed, added } = before.difference(after);
  expect([...rangesOf(removed)]).toEqual(left.filter((run) => !rightKeys.has(keyOf(run))));
  expect([...rangesOf(added)]).toEqual(right.filter((run) => !leftKeys.has(keyOf(run))));
}

/** Random numbers below `limit` from a seed that fast-check chooses; it needs no shrinking. */
function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Disjoint ranges in order, some of them next to each other, with gaps of up to `gap`. */
function randomRanges(
  next: (limit: number) => number,
  end: number,
  { gap, length }: { gap: number; length: number },
): OwnedRange[] {
  const ranges: OwnedRange[] = [];
  for (let lba = next(gap); lba < end; lba += next(gap)) {
    const lastLba = Math.min(end - 1, lba + next(length));
    ranges.push({ firstLba: lba, lastLba, cNodeId: `c${next(4)}` as CNodeId });
    lba = lastLba + 1;
  }
  return ranges;
}

const painted = (model: Model, ranges: readonly OwnedRange[]): Model => {
  const next = model.slice();
  for (const { firstLba, lastLba, cNodeId } of ranges) next.fill(cNodeId, firstLba, lastLba + 1);
  return next;
};

test.each([
  { addresses: 40, runs: 300 },
  { addresses: 30_000, runs: 6 },
])("the map does what an array of $addresses owners does", ({ addresses, runs }) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const next = numbers(seed);
      let model: Model = painted(
        Array(1 + next(addresses)).fill("c0"),
        randomRanges(next, addresses, { gap: 1, length: 3 }),
      ).slice(0, addresses);
      let map = AddressMap.of(runsOf(model));
      expectSame(map, model);
      const shapes = [
        { gap: 1, length: 2 },
        { gap: 3, length: 3 },
        { gap: addresses, length: addresses },
        { gap: Math.ceil(addresses / 5), length: 3 },
        { gap: 2, length: Math.ceil(addresses / 9) },
      ];
      for (let step = 0; step < 6; step++) {
        const [oldMap, oldModel] = [map, model];
        if (next(4) === 0) {
          const end = model.length + 1 + next(addresses / 4);
          const longer = [...model, ...Array(end - model.length).fill("c1")];
          model = painted(
            longer,
            randomRanges(next, end - model.length, { gap: 2, length: 3 }).map((r) => ({
              ...r,
              firstLba: r.firstLba + oldModel.length,
              lastLba: r.lastLba + oldModel.length,
            })),
          );
          map = map.extend(runsOf(model, oldModel.length));
        } else {
          const ranges = randomRanges(next, model.length, shapes[next(shapes.length)]!);
          model = painted(model, ranges);
          map = map.paint(ranges);
        }
        expectSame(map, model);
        // As another thread has it.
        const copy = AddressMap.ofParts(structuredClone(map.parts()));
        expectSame(copy, model);
        expect(copy.equals(map)).toBe(true);
        expectDifference(oldMap, map, oldModel, model);
        expectDifference(map, oldMap, model, oldModel);
        // The map that was painted on is as it was.
        expect(oldMap.rangeCount).toBe(runsOf(oldModel).length);
        const [a, b] = [next(model.length), next(model.length)];
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        expect([...map.ranges(first, last)]).toEqual(runsOf(model, first, last));
        for (const lba of [first, last, 0, model.length - 1]) {
          expect(map.ownerAt(lba)).toBe(model[lba]);
        }
      }
    }),
    { numRuns: runs },
  );
});

test("a map built anew in place of another compares like any other", () => {
  const [old, now] = [
    ["a", "a", "b", "c"],
    ["a", "b", "b", "c", "c"],
  ];
  const before = AddressMap.of(runsOf(old));
  const after = AddressMap.of(runsOf(now), before);
  expectDifference(before, after, old, now);
  expectDifference(AddressMap.of(runsOf(now)), before, now, old);
});

test("a change of one range leaves all but a few chunks of a large map as they are", () => {
  const rangeOf = (i: number) => {
    return { firstLba: 10 * i, lastLba: 10 * i + 9, cNodeId: `c-${i % 7}` as CNodeId };
  };
  let map = AddressMap.of(Array.from({ length: 100_000 }, (_, i) => rangeOf(i)));
  for (const at of [5, 400_005, 410_005, 999_995]) {
    const before = new Set(map.parts().chunks);
    map = map.paint([{ firstLba: at, lastLba: at, cNodeId: "c-8" as CNodeId }]);
    const { chunks } = map.parts();
    expect(before.size).toBeGreaterThan(20);
    expect(chunks.filter((chunk) => !before.has(chunk)).length).toBeLessThanOrEqual(3);
  }
  expect(map.rangeCount).toBe(100_008);
});

test("an I/O on 23–43 of FIG. 5 is split at the owner's boundary (¶41)", () => {
  const map = AddressMap.of([
    { firstLba: 0, lastLba: 32, cNodeId: "c-1" as CNodeId },
    { firstLba: 33, lastLba: 66, cNodeId: "c-2" as CNodeId },
    { firstLba: 67, lastLba: 100, cNodeId: "c-3" as CNodeId },
  ]);
  expect([...map.ranges(23, 43)]).toEqual([
    { firstLba: 23, lastLba: 32, cNodeId: "c-1" },
    { firstLba: 33, lastLba: 43, cNodeId: "c-2" },
  ]);
});

test("ranges with a gap, an overlap, nothing or beyond the end are a mistake of ours", () => {
  const range = (firstLba: number, lastLba: number) => ({
    firstLba,
    lastLba,
    cNodeId: "c" as CNodeId,
  });
  expect(() => AddressMap.of([])).toThrow("invariant");
  expect(() => AddressMap.of([range(1, 2)])).toThrow("invariant");
  expect(() => AddressMap.of([range(0, 2), range(4, 5)])).toThrow("invariant");
  expect(() => AddressMap.of([range(0, 2), range(2, 5)])).toThrow("invariant");
  const map = AddressMap.of([range(0, 9)]);
  expect(() => map.paint([range(5, 10)])).toThrow("invariant");
  expect(() => map.paint([range(5, 6), range(6, 7)])).toThrow("invariant");
  expect(() => map.extend([range(11, 12)])).toThrow("invariant");
  expect(() => map.ownerAt(10)).toThrow("invariant");
  const { firstLba, lastLba } = columnsOf(map.ranges());
  expect([firstLba[0], lastLba[0]]).toEqual([0, 9]);
});
