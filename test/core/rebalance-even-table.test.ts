import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { VolumeId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { applyPlan, clusterArbitrary, clusterOf } from "../support/cluster.ts";
import { isActive, isLinked } from "../support/exact-model.ts";
import { expectSound } from "../support/plan-soundness.ts";

const VOLUME = "v" as VolumeId;

interface Even {
  readonly processCount: number;
  readonly linkedCount: number;
  readonly blockCount: number;
}

function evenClusters(blockCountMin: number): fc.Arbitrary<Even> {
  const largest = Number.MAX_SAFE_INTEGER;
  return fc.integer({ min: 2, max: 200 }).chain((processCount) =>
    fc.record({
      processCount: fc.constant(processCount),
      linkedCount: fc.integer({ min: 0, max: processCount }),
      blockCount: fc.oneof(
        fc.integer({ min: blockCountMin, max: Math.max(blockCountMin, 2_000_000) }),
        fc.integer({ min: blockCountMin, max: largest }),
        fc.integer({ min: largest - 3, max: largest }),
      ),
    }),
  );
}

/** Linked processes are spread among the others, in no order that ids have. */
function evenCluster({ processCount, linkedCount, blockCount }: Even): ClusterState {
  const ids = [...Array(processCount).keys()];
  const linked = new Set(
    ids.toSorted((a, b) => ((a * 7919) % 211) - ((b * 7919) % 211)).slice(0, linkedCount),
  );
  const name = (i: number) => String(i).padStart(3, "0");
  return clusterOf({
    processes: ids.map((i) => ({
      id: `p${name(i)}`,
      cNodeId: `c${name(processCount - i)}`,
      linked: linked.has(i),
    })),
    volumes: [{ id: VOLUME, blockCount }],
  });
}

/** Expected sizes, dealt out one remainder after the other. */
function dealt(state: ClusterState): Map<string, number> {
  const active = [...state.processes.values()].filter((process) => isActive(state, process));
  const donors = active.filter((process) => isLinked(state, process));
  const receivers = active.filter((process) => !isLinked(state, process)).map((p) => p.cNodeId);
  receivers.sort();
  const sizes = new Map<string, number>();
  let turn = 0;
  for (const { id, map, extentBlocks } of state.volumes.values()) {
    const add = (cNodeId: string, extents: number) =>
      sizes.set(`${id} ${cNodeId}`, (sizes.get(`${id} ${cNodeId}`) ?? 0) + extents * extentBlocks);
    for (const { cNodeId } of state.processes.values())
      add(cNodeId, map.sizeOf(cNodeId) / extentBlocks);
    for (const { cNodeId } of donors) {
      const [owned, n, share] = [
        map.sizeOf(cNodeId) / extentBlocks,
        active.length,
        receivers.length,
      ].map(BigInt) as [bigint, bigint, bigint];
      const [whole, rest] = [(owned * share) / n, (owned * share) % n];
      const amount = Number(2n * rest >= n ? whole + 1n : whole);
      add(cNodeId, -amount);
      const part = Number(BigInt(amount) / share);
      for (const receiver of receivers) add(receiver, part);
      for (let rest = amount - part * receivers.length; rest > 0; rest--) {
        add(receivers[turn++ % receivers.length]!, 1);
      }
    }
  }
  return sizes;
}

function sizesAfter(state: ClusterState): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { id, map } of state.volumes.values()) {
    for (const { cNodeId } of state.processes.values()) {
      sizes.set(`${id} ${cNodeId}`, map.sizeOf(cNodeId));
    }
  }
  return sizes;
}

test("from an even table equalize and proportional agree but for rounding, for N to 200", () => {
  fc.assert(
    fc.property(evenClusters(1), (even) => {
      const state = evenCluster(even);
      const request = { strategy: "equalize" } as const;
      const plan = planRebalance(state, request);
      expectSound(state, request, plan);
      const after = applyPlan(state, plan);
      expect(planRebalance(after, request).moves).toHaveLength(0);
      // Eq. 1: linked ones keep N_R / N of the fair share, the others get N_R / N more.
      const { processCount: n, linkedCount, blockCount } = even;
      const fair = BigInt(n) * BigInt(n);
      for (const process of state.processes.values()) {
        const parts = isLinked(state, process) ? linkedCount : n + linkedCount;
        const share = linkedCount === 0 ? n : parts;
        const target = BigInt(blockCount) * BigInt(share);
        const size = BigInt(after.volumes.get(VOLUME)!.map.sizeOf(process.cNodeId));
        expect(size === target / fair || size === (target + fair - 1n) / fair).toBe(true);
      }
    }),
  );
});

test("proportional gives exact sizes, for N to 200 and T to 2^53 − 1", () => {
  fc.assert(
    fc.property(evenClusters(1), (even) => {
      const state = evenCluster(even);
      const request = { strategy: "proportional", force: true } as const;
      const plan = planRebalance(state, request);
      expectSound(state, request, plan);
      const idle = even.linkedCount === 0 || even.linkedCount === even.processCount;
      expect(sizesAfter(applyPlan(state, plan))).toEqual(idle ? sizesAfter(state) : dealt(state));
    }),
  );
});

test("the rotation of remainders goes on over donors and volumes of any table", () => {
  fc.assert(
    fc.property(clusterArbitrary({ volumesMax: 4 }), (state) => {
      const plan = planRebalance(state, { strategy: "proportional", force: true });
      const active = [...state.processes.values()].filter((process) => isActive(state, process));
      fc.pre(active.some((p) => isLinked(state, p)) && active.some((p) => !isLinked(state, p)));
      expect(sizesAfter(applyPlan(state, plan))).toEqual(dealt(state));
    }),
    { numRuns: 200 },
  );
});

test("the first proportional from an even table of a million blocks is never refused", () => {
  fc.assert(
    fc.property(evenClusters(1_000_003), (even) => {
      fc.pre(even.linkedCount > 0 && even.linkedCount < even.processCount);
      const plan = planRebalance(evenCluster(even), { strategy: "proportional" });
      expect(plan.movedAddresses).toBeGreaterThan(0);
      expect(plan.explanations).toEqual([]);
    }),
  );
});
