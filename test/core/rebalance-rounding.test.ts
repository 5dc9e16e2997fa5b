import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { CNodeId, Volume } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { applyPlan, clusterArbitrary, clusterOf } from "../support/cluster.ts";
import {
  ceiling,
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
