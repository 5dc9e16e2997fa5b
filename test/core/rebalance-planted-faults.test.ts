/**
 * Mistakes planted in the planner, each of which the properties must find: if they did not, their
 * silence would prove nothing.
 */
import fc from "fast-check";
import { beforeEach, expect, test, vi } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { LoadModel } from "../../src/core/load-model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { type VolumeMoves, VolumeMovesBuilder } from "../../src/core/rebalance/volume-moves.ts";
import { applyPlan, clusterArbitrary } from "../support/cluster.ts";
import { ceiling, exactTargets, floor, isActive, sizesOf } from "../support/exact-model.ts";
import { expectSound } from "../support/plan-soundness.ts";

const planted = vi.hoisted(() => ({ fault: "" }));
beforeEach(() => {
  planted.fault = "";
});

vi.mock("../../src/core/rebalance/targets.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/targets.ts")>();
  const changedFor = (model: LoadModel) => {
    if (planted.fault === "draining processes count as active") {
      return { ...model, classes: model.classes.map((kind) => ({ ...kind, active: true })) };
    }
    if (planted.fault === "weights are forgotten") {
      return { ...model, classes: model.classes.map((kind) => ({ ...kind, weightMilli: 1000 })) };
    }
    return model;
  };
  const targetShares: typeof actual.targetShares = (model, { linkWork }) => {
    const counts = linkWork && planted.fault !== "link work is forgotten";
    return actual.targetShares(changedFor(model), { linkWork: counts });
  };
  const classTargets: typeof actual.classTargets = (model, shares, options) =>
    actual.classTargets(changedFor(model), shares, options);
  return { ...actual, targetShares, classTargets };
});

vi.mock("../../src/core/rebalance/settled-sizes.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/settled-sizes.ts")>();
  const settledSizes: typeof actual.settledSizes = (model, options) => {
    if (planted.fault === "sizes are rounded without looking at what is there") {
      const before = new Float64Array(options.before.length);
      return actual.settledSizes(model, { ...options, before });
    }
    return actual.settledSizes(model, options);
  };
  return { ...actual, settledSizes };
});

vi.mock("../../src/core/rebalance/settlement.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/settlement.ts")>();
  const settle: typeof actual.settle = (model, volume, aim) => {
    const ignored = planted.fault === "the tolerance is ignored";
    return actual.settle(model, volume, ignored ? { ...aim, toleranceMicro: 0 } : aim);
  };
  const toMove: typeof actual.toMove = (settlement) => {
    const moved = actual.toMove(settlement);
    return planted.fault === "the minimum is counted in extents"
      ? moved / settlement.volume.extentBlocks
      : moved;
  };
  return { ...actual, settle, toMove };
});

vi.mock("../../src/core/rebalance/budget.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/budget.ts")>();
  const shareBudget: typeof actual.shareBudget = (needs, budget) => {
    if (planted.fault === "every volume gets the whole budget") {
      return needs.map((need) => actual.shareBudget([need], budget)[0]!);
    }
    return actual.shareBudget(needs, budget);
  };
  return { ...actual, shareBudget };
});

vi.mock("../../src/core/rebalance/range-board.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/range-board.ts")>();
  const only = ({ firstLba, lastLba, from, to }: VolumeMoves, places: readonly number[]) => {
    const builder = new VolumeMovesBuilder(places.length);
    for (const i of places) builder.add(firstLba[i]!, lastLba[i]!, from[i]!, to[i]!);
    return builder.build();
  };
  class RangeBoard extends actual.RangeBoard {
    override cut(...[segment, receiver, amount, side]: Parameters<actual["cut"]>): void {
      if (planted.fault === "a whole range goes where a part was meant") {
        this.give(segment, receiver);
      } else if (planted.fault === "cuts fall beside extents" && this.lengthOf(segment) > amount) {
        const more = amount + 1;
        super.cut(segment, receiver, more, side);
      } else super.cut(segment, receiver, amount, side);
    }

    override moves(...parameters: Parameters<actual["moves"]>) {
      const moves = super.moves(...parameters);
      const places = [...moves.from.keys()];
      if (planted.fault === "the last move is forgotten") return only(moves, places.slice(0, -1));
      if (planted.fault === "moves are in reverse order") return only(moves, places.toReversed());
      return moves;
    }
  }
  type actual = InstanceType<typeof actual.RangeBoard>;
  return { ...actual, RangeBoard };
});

vi.mock("../../src/core/rebalance/slide-chains.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/slide-chains.ts")>();
  class SlideChains extends actual.SlideChains {
    override find(search: Parameters<actual["find"]>[0]) {
      const chain = super.find(search);
      return planted.fault === "the way back is forgotten" ? chain?.slice(1) : chain;
    }
  }
  type actual = InstanceType<typeof actual.SlideChains>;
  return { ...actual, SlideChains };
});

vi.mock("../../src/core/rebalance/windows.ts", async (original) => {
  const actual = await original<typeof import("../../src/core/rebalance/windows.ts")>();
  const takeWindows: typeof actual.takeWindows = (board, quota) => {
    if (planted.fault === "a window is taken that nobody can afford") {
      board.give(0, board.owner[board.count - 1]!);
    }
    actual.takeWindows(board, quota);
  };
  return { ...actual, takeWindows };
});

const requests: fc.Arbitrary<RebalanceRequest> = fc.oneof(
  fc.record({
    strategy: fc.constantFrom("equalize", "consolidate"),
    toleranceMicro: fc.constantFrom(0, 0, 100_000),
    maxMovedAddresses: fc.option(fc.nat({ max: 500_000 }), { nil: undefined }),
  }),
  fc.constant<RebalanceRequest>({ strategy: "proportional", force: true }),
);

function expectPromises(state: ClusterState, request: RebalanceRequest): void {
  const plan = planRebalance(state, request);
  expectSound(state, request, plan);
  const after = applyPlan(state, plan);
  for (const volume of after.volumes.values()) {
    const before = sizesOf(state, state.volumes.get(volume.id)!);
    const sizes = sizesOf(after, volume);
    if (request.strategy === "consolidate" && !request.toleranceMicro) {
      expect([...sizes]).toEqual([...before]);
    }
    if (request.strategy !== "equalize" || plan.remainingAddresses > 0) continue;
    const targets = exactTargets(state, volume);
    const active = [...state.processes.values()].filter((process) => isActive(state, process));
    const extents = volume.blockCount / volume.extentBlocks;
    const slack = ((request.toleranceMicro ?? 0) * extents) / 1_000_000 / active.length;
    let [above, below, moved] = [0, 0, 0];
    for (const process of state.processes.values()) {
      const target = targets.get(process.cNodeId)!;
      const most = active.includes(process) ? slack : 0;
      const size = Number(sizes.get(process.cNodeId));
      const was = Number(before.get(process.cNodeId));
      const [low, high] = [Number(floor(target)) - most, Number(ceiling(target)) + most];
      expect(size).toBeGreaterThanOrEqual(low);
      expect(size).toBeLessThanOrEqual(high);
      above += Math.max(0, was - high);
      below += Math.max(0, low - was);
      moved += Math.max(0, was - size);
    }
    // One extent for each process is more than the bounds, taken inexactly, can be off by.
    const inexact = slack > 0 ? 2 * state.processes.size : 0;
    expect(moved).toBeLessThanOrEqual(Math.max(above, below) + inexact);
  }
}

function checkPromises(): void {
  const clusters = clusterArbitrary();
  fc.assert(fc.property(clusters, requests, expectPromises), { numRuns: 300 });
}

test("the planner without a planted fault keeps its promises", checkPromises);

test.each([
  "link work is forgotten",
  "draining processes count as active",
  "weights are forgotten",
  "sizes are rounded without looking at what is there",
  "the tolerance is ignored",
  "the minimum is counted in extents",
  "every volume gets the whole budget",
  "a whole range goes where a part was meant",
  "cuts fall beside extents",
  "the last move is forgotten",
  "moves are in reverse order",
  "the way back is forgotten",
  "a window is taken that nobody can afford",
])("it is found when %s", (fault) => {
  planted.fault = fault;
  expect(checkPromises).toThrow();
});
