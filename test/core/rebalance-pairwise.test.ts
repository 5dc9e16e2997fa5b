import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { Process, Volume } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import { partOf } from "../../src/core/rebalance/rational.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterArbitrary, clusterOf } from "../support/cluster.ts";
import {
  isActive,
  isLinked,
  linkWorkOf,
  minus,
  plus,
  ratio,
  times,
} from "../support/exact-model.ts";

type Transfer = RebalanceRequest["transfer"];

function amountOf(
  state: ClusterState,
  { blockCount, extentBlocks }: Volume,
  transfer: Transfer,
  [donor, given]: readonly [Process, number],
  [receiver, taken]: readonly [Process, number],
): number {
  if (transfer && "addresses" in transfer) {
    return Math.min(given, Math.floor(transfer.addresses / extentBlocks));
  }
  if (transfer) return halfUp(BigInt(given) * BigInt(transfer.fractionMicro), 1_000_000n);
  const work = plus(ratio(given), linkWorkOf(state, donor, blockCount / extentBlocks));
  const [w1, w2] = [donor.weightMilli, receiver.weightMilli];
  const excess = minus(times(ratio(w2), work), ratio(BigInt(w1) * BigInt(taken)));
  if (excess.over <= 0n) return 0;
  return Math.min(given, halfUp(excess.over, excess.under * BigInt(w1 + w2)));
}

function halfUp(over: bigint, under: bigint): number {
  return Number((2n * over + under) / (2n * under));
}

const transfers: fc.Arbitrary<Transfer> = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: 1, max: 1_000_000 }).map((fractionMicro) => ({ fractionMicro })),
  fc.integer({ min: 1, max: 5000 }).map((addresses) => ({ addresses })),
);

test("pairwise goes through the pairs in order, each as things stand then", () => {
  const budgets = fc.option(fc.nat({ max: 100_000 }), { nil: undefined });
  fc.assert(
    fc.property(clusterArbitrary(), transfers, budgets, (state, transfer, maxMovedAddresses) => {
      const request = { strategy: "pairwise", transfer, maxMovedAddresses, force: true } as const;
      const after = applyPlan(state, planRebalance(state, request));
      const active = [...state.processes.values()].filter((process) => isActive(state, process));
      let budget = maxMovedAddresses ?? Number.POSITIVE_INFINITY;
      for (const volume of state.volumes.values()) {
        const sizes = new Map(
          active.map((process) => [
            process,
            volume.map.sizeOf(process.cNodeId) / volume.extentBlocks,
          ]),
        );
        for (const donor of active.filter((process) => isLinked(state, process))) {
          for (const receiver of active.filter((process) => !isLinked(state, process))) {
            const [given, taken] = [sizes.get(donor)!, sizes.get(receiver)!];
            const wanted = amountOf(state, volume, transfer, [donor, given], [receiver, taken]);
            const amount = Math.min(wanted, Math.floor(budget / volume.extentBlocks));
            sizes.set(donor, given - amount).set(receiver, taken + amount);
            budget -= amount * volume.extentBlocks;
          }
        }
        for (const [{ cNodeId }, size] of sizes) {
          const { map, extentBlocks } = after.volumes.get(volume.id)!;
          expect(map.sizeOf(cNodeId)).toBe(size * extentBlocks);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("pairs are taken in process id order and each once, whatever order they are named in", () => {
  fc.assert(
    fc.property(clusterArbitrary(), transfers, fc.nat(), (state, transfer, shift) => {
      const active = [...state.processes.values()].filter((process) => isActive(state, process));
      const pairs = active
        .filter((process) => isLinked(state, process))
        .flatMap(({ id: linkedProcessId }) =>
          active
            .filter((process) => !isLinked(state, process))
            .map(({ id: unlinkedProcessId }) => ({ linkedProcessId, unlinkedProcessId })),
        );
      fc.pre(pairs.length > 0);
      const turned = pairs.map((_, i) => pairs[(i * 7 + shift) % pairs.length]!);
      const request = { strategy: "pairwise", transfer, force: true } as const;
      const named = planRebalance(state, { ...request, pairs: [...turned, ...pairs] });
      expect([...named.moves]).toEqual([...planRebalance(state, request).moves]);
    }),
  );
});

test("two halves of the largest volume are levelled to the address", () => {
  const middle = 2 ** 52;
  const state = clusterOf({
    processes: [{ id: "A", linked: true }, { id: "B" }],
    volumes: [
      {
        id: "v",
        blockCount: 2 * middle - 2,
        ranges: [
          ["c-A", middle + 9],
          ["c-B", 2 * middle - 2],
        ],
      },
    ],
    replicationCostMicro: 0,
  });
  expect(planRebalance(state, { strategy: "pairwise" }).movedAddresses).toBe(10);
});

test("a part of any whole number is rounded half up, exactly", () => {
  const wholes = fc.oneof(fc.nat({ max: 1000 }), fc.maxSafeNat());
  const micros = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(wholes, micros, (whole, micro) => {
      expect(partOf(whole, micro)).toBe(halfUp(BigInt(whole) * BigInt(micro), 1_000_000n));
    }),
    { numRuns: 1000 },
  );
});
