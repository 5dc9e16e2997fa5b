import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { CNodeId, Volume } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { applyPlan, clusterArbitrary, clusterOf } from "../support/cluster.ts";
import {
  ceiling,
  exactBounds,
  exactTargets,
  floor,
  less,
  minus,
  ratio,
  sizesOf,
  tieHash,
} from "../support/exact-model.ts";

interface Choice {
  readonly sizes: readonly number[];
  readonly movement: number;
  /** Places of those rounded up in the order of largest remainder, then hash. */
  readonly raised: readonly number[];
}

/** The best of all ways to round, by trying them all. */
function roundedByTrying(state: ClusterState, volume: Volume): Map<CNodeId, number> {
  const targets = [...exactTargets(state, volume)];
  const before = sizesOf(state, volume);
  const open = targets.filter(([, target]) => floor(target) !== ceiling(target));
  open.sort(([a, x], [b, y]) => {
    const [left, right] = [minus(x, ratio(floor(x))), minus(y, ratio(floor(y)))];
    if (less(left, right)) return 1;
    if (less(right, left)) return -1;
    return tieHash(volume, a) < tieHash(volume, b) ? -1 : 1;
  });
  const total = volume.blockCount / volume.extentBlocks;
  let best: Choice | undefined;
  for (let choice = 0; choice < 2 ** open.length; choice++) {
    const raised = open.flatMap((_, i) => ((choice >> i) & 1 ? [i] : []));
    const up = new Set(raised.map((i) => open[i]![0]));
    const sizes = targets.map(([id, target]) => Number(floor(target)) + (up.has(id) ? 1 : 0));
    if (sizes.reduce((a, b) => a + b, 0) !== total) continue;
    const movement = targets.reduce(
      (moved, [id], i) => moved + Math.max(0, before.get(id)! - sizes[i]!),
      0,
    );
    const better =
      !best ||
      movement < best.movement ||
      (movement === best.movement && comesBefore(raised, best.raised));
    if (better) best = { sizes, movement, raised };
  }
  return new Map(targets.map(([id], i) => [id, best!.sizes[i]!]));
}

function comesBefore(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

test.each([{ weights: false }, { weights: true }])(
  "equalize rounds as trying all does, %j",
  (shape) => {
    const small = clusterArbitrary({ processesMax: 8, volumesMax: 2, rangesMax: 12, ...shape });
    fc.assert(
      fc.property(small, (state) => {
        const after = applyPlan(state, planRebalance(state, { strategy: "equalize" }));
        for (const volume of state.volumes.values()) {
          expect(sizesOf(state, after.volumes.get(volume.id)!)).toEqual(
            roundedByTrying(state, volume),
          );
        }
      }),
      { numRuns: 300 },
    );
  },
);

test("with a tolerance those farthest from their targets even out what is left over", () => {
  const sizes = (before: readonly number[], toleranceMicro: number) => {
    let end = 0;
    const ranges = before.map((size, i) => {
      end += size;
      return [`c-${i}`, end] as const;
    });
    const processes = before.map((_, i) => ({ id: `${i}` }));
    const state = clusterOf({ processes, volumes: [{ id: "v", blockCount: end, ranges }] });
    const plan = planRebalance(state, { strategy: "equalize", toleranceMicro });
    return plan.processes.map(({ addressesAfter }) => addressesAfter);
  };
  // 100 each; 90 … 110 are inside. The last comes up to 90, the rest of the 20 goes to it as well.
  expect(sizes([130, 100, 95, 75], 100_000)).toEqual([110, 100, 95, 95]);
  // 30 are left over: the farthest below is filled up to its bound, then the next one.
  expect(sizes([140, 88, 97, 75], 100_000)).toEqual([110, 90, 97, 103]);
  expect(sizes([150, 90, 95, 65], 100_000)).toEqual([110, 90, 95, 105]);
  expect(sizes([145, 90, 91, 74], 100_000)).toEqual([110, 90, 91, 109]);
  // 15 are missing: the farthest above give them.
  expect(sizes([60, 108, 104, 128], 100_000)).toEqual([90, 108, 104, 98]);
});

/** Bounds, then the farthest first, each up to its bound: domain.md's sixth promise, in fractions. */
function toleratedInFractions(state: ClusterState, volume: Volume, toleranceMicro: number) {
  const targets = exactTargets(state, volume);
  const bounds = exactBounds(state, volume, toleranceMicro);
  const before = sizesOf(state, volume);
  const sizes = new Map(
    [...before].map(([id, size]) => {
      const { low, high } = bounds.get(id)!;
      return [id, Math.min(Math.max(size, low), high)];
    }),
  );
  const came = (id: CNodeId) => sizes.get(id) !== before.get(id);
  const missing = [...sizes.values()].reduce(
    (rest, size) => rest - size,
    volume.blockCount / volume.extentBlocks,
  );
  const sign = missing < 0 ? -1 : 1;
  const line = [...sizes.keys()]
    .map((id) => ({ id, came: came(id), below: minus(targets.get(id)!, ratio(sizes.get(id)!)) }))
    .sort((a, b) => {
      if (less(a.below, b.below)) return sign;
      if (less(b.below, a.below)) return -sign;
      if (a.came !== b.came) return a.came ? -1 : 1;
      return tieHash(volume, a.id) < tieHash(volume, b.id) ? -sign : sign;
    });
  let rest = Math.abs(missing);
  for (const { id } of line) {
    const { low, high } = bounds.get(id)!;
    const room = sign > 0 ? high - sizes.get(id)! : sizes.get(id)! - low;
    const step = Math.min(room, rest);
    sizes.set(id, sizes.get(id)! + sign * step);
    rest -= step;
  }
  return sizes;
}

test("with a tolerance the sizes are those that fractions come to", () => {
  // Equal weights: many are equally far from their targets.
  const shape = { processesMax: 8, volumesMax: 3, rangesMax: 12, weights: false };
  const tolerances = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(clusterArbitrary(shape), tolerances, (state, toleranceMicro) => {
      const plan = planRebalance(state, { strategy: "equalize", toleranceMicro });
      const after = applyPlan(state, plan);
      for (const volume of state.volumes.values()) {
        expect(sizesOf(state, after.volumes.get(volume.id)!)).toEqual(
          toleratedInFractions(state, volume, toleranceMicro),
        );
      }
    }),
    { numRuns: 600 },
  );
});

test("among those equally far, who comes inside its bounds evens out what is left over", () => {
  // The hash alone would let another one change in half of the volumes.
  const sizes = (before: Record<string, number>, toleranceMicro: number) => {
    let end = 0;
    const ranges = Object.entries(before).flatMap(([id, size]) => {
      end += size;
      return size === 0 ? [] : [[`c-${id}`, end] as const];
    });
    const state = clusterOf({
      processes: Object.keys(before).map((id) => ({ id, draining: id === "X" })),
      volumes: Array.from({ length: 16 }, (_, i) => ({ id: `v-${i}`, blockCount: end, ranges })),
    });
    const after = applyPlan(state, planRebalance(state, { strategy: "equalize", toleranceMicro }));
    const found = [...after.volumes.values()].map((volume) => {
      return [...sizesOf(after, volume).values()].join(" ");
    });
    return [...new Set(found)];
  };
  // 10 each; 8 … 12 are inside. A gives 10 of its 22; B comes up to 8, where C is already.
  expect(sizes({ A: 22, B: 0, C: 8 }, 200_000)).toEqual(["12 10 8"]);
  // B comes down to 12, where C is already, and gives the two that A still lacks.
  expect(sizes({ A: 0, B: 18, C: 12 }, 200_000)).toEqual(["8 10 12"]);
  expect(sizes({ A: 0, B: 19, C: 11 }, 100_000)).toEqual(["9 10 11"]);
  // 4/3 each, so that bounds are floor and ceiling. C comes up to 1, where A and B are already.
  expect(sizes({ A: 1, B: 1, C: 0, X: 2 }, 100_000)).toEqual(["1 1 2 0"]);
});
