/** What holds for every plan that is kept: it is told when it is old, and it can be taken back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ClusterState,
  putProcess,
  putSettings,
  putVolume,
  releaseLink,
} from "../../src/core/cluster-state.ts";
import {
  type Assumptions,
  assume,
  unmetAssumptions,
} from "../../src/core/decisions/assumptions.ts";
import { changeLink } from "../../src/core/decisions/links.ts";
import { applyPlan, heldAgainst, takeBack } from "../../src/core/decisions/plans.ts";
import { changeProcess } from "../../src/core/decisions/processes.ts";
import { Refusal } from "../../src/core/errors.ts";
import { basisOf, changesSince } from "../../src/core/rebalance/basis.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { finish } from "../../src/core/steps.ts";
import { addProcess, addVolume, clusterArbitrary } from "../support/cluster.ts";

const requests: fc.Arbitrary<RebalanceRequest> = fc.record({
  strategy: fc.constantFrom("equalize", "pairwise", "proportional"),
  replicationCostMicro: fc.option(fc.nat({ max: 2_000_000 }), { nil: undefined }),
  maxMovedAddresses: fc.option(fc.nat({ max: 100_000 }), { nil: undefined }),
});

interface Change {
  readonly kind: number;
  readonly which: number;
  readonly amount: number;
}

const changeLists = fc.array(
  fc.record({ kind: fc.nat({ max: 6 }), which: fc.nat(), amount: fc.integer({ min: 1, max: 9 }) }),
  { maxLength: 3 },
);

/** One change of what plans read, or of what they don't. */
function changed(state: ClusterState, { kind, which, amount }: Change): ClusterState {
  const processes = [...state.processes.values()];
  const process = processes[which % processes.length]!;
  const link = state.index.linkByRNode.get(process.rNodeId);
  const volumes = [...state.volumes.values()];
  const volume = volumes[which % volumes.length]!;
  const revision = state.revision + 1;
  const made = () => {
    switch (kind) {
      case 0:
        return putProcess(state, { ...process, weightMilli: amount * 1000 });
      case 1:
        return putProcess(state, { ...process, state: amount > 4 ? "draining" : "active" });
      case 2:
        return link ? releaseLink(state, link) : state;
      case 3:
        return addProcess(state, { id: `q${amount}`, linked: amount > 4 });
      case 4:
        return putSettings(state, { revision, replicationCostMicro: amount * 100_000 });
      case 5:
        return addVolume(state, {
          id: `w${amount}`,
          blockCount: amount * 100,
          ranges: [[process.cNodeId, amount * 100]],
        });
      default: {
        const lastLba = volume.extentBlocks - 1;
        const map = volume.map.paint([{ firstLba: 0, lastLba, cNodeId: process.cNodeId }]);
        return putVolume(state, { ...volume, map, revision });
      }
    }
  };
  return { ...made(), revision };
}

const tableOf = (state: ClusterState) =>
  [...state.volumes.values()].map(({ id, map }) => [id, [...map.ranges()]]);

test("a plan that nothing is said against is the plan that would be made now", () => {
  fc.assert(
    fc.property(clusterArbitrary(), requests, changeLists, (state, asked, list) => {
      const request = { ...asked, volumeIds: [...state.volumes.keys()] };
      const basis = basisOf(state, request);
      const later = list.reduce(changed, state);
      expect(changesSince(basis, state)).toEqual([]);
      if (changesSince(basis, later).length > 0) return;
      const [then, now] = [planRebalance(state, request), planRebalance(later, request)];
      expect([...now.moves]).toEqual([...then.moves]);
    }),
    { numRuns: 500 },
  );
});

test("a plan is applied as it is or refused as stale, and is told truly", () => {
  fc.assert(
    fc.property(
      clusterArbitrary(),
      requests,
      changeLists,
      fc.boolean(),
      (state, request, list, rebase) => {
        const plan = planRebalance(state, request);
        const later = list.reduce(changed, state);
        const dryRun = { request, basis: basisOf(state, request) };
        const kept = { moves: plan.moves, since: state.revision };
        try {
          const applied = finish(applyPlan(later, dryRun, { ...kept, rebase }));
          for (const { volumeId, firstLba, lastLba, toCNodeId } of plan.moves) {
            const { map } = applied.state.volumes.get(volumeId)!;
            const owners = [...map.ranges(firstLba, lastLba)].map(({ cNodeId }) => cNodeId);
            expect(owners).toEqual([toCNodeId]);
          }
          const back = finish(takeBack(applied.state, { ...kept, since: later.revision + 1 }));
          expect(tableOf(back)).toEqual(tableOf(later));
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          expect(["stale-plan", "rollback-conflict"]).toContain(error.code);
          if (error.code !== "stale-plan") return;
          expect(error.facts?.changeCount).toBeGreaterThan(0);
          const now = planRebalance(later, request);
          const { sameMoves } = heldAgainst(now, plan.moves);
          const textOf = ({ moves }: typeof plan) => JSON.stringify([...moves]);
          expect(textOf(now) === textOf(plan)).toBe(sameMoves);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("what is assumed plans as it does when it has come true", () => {
  const picks = fc.record({ down: fc.array(fc.nat()), drained: fc.array(fc.nat()) });
  fc.assert(
    fc.property(clusterArbitrary(), requests, picks, (state, request, { down, drained }) => {
      const some = <T>(all: readonly T[], indexes: readonly number[]) =>
        all.length === 0 ? [] : [...new Set(indexes.map((index) => all[index % all.length]!))];
      const assumptions: Assumptions = {
        linksDown: some([...state.links.keys()], down),
        processesDraining: some([...state.processes.keys()], drained),
      };
      const assumed = assume(state, assumptions);
      expect(unmetAssumptions(assumed, assumptions)).toEqual([]);
      let real = state;
      for (const id of assumptions.processesDraining!) {
        real = changeProcess(real, id, { state: "draining" });
      }
      for (const id of assumptions.linksDown!) real = changeLink(real, id, { state: "down" });
      expect([...planRebalance(assumed, request).moves]).toEqual([
        ...planRebalance(real, request).moves,
      ]);
      expect(changesSince(basisOf(assumed, request), real)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
