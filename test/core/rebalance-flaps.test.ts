/** A year of link flaps: the table must not crumble, though every plan moves as little as can be. */
import { expect, test } from "vitest";
import { assignLink, type ClusterState, releaseLink } from "../../src/core/cluster-state.ts";
import type { LinkId } from "../../src/core/model.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { Plan } from "../../src/core/rebalance/types.ts";
import { applyPlan, clusterOf } from "../support/cluster.ts";
import { Random } from "../support/random.ts";

const PROCESSES = 100;
const FLAPPING = 50;
const FLAPS = 1000;

const name = (i: number) => String(i).padStart(3, "0");
const alike = () => 1000;
/** From 0.5 to 3.25 in steps of 0.25, so that neighbours differ. */
const different = (i: number) => 500 + 250 * ((7 * i) % 12);

function toggleLink(state: ClusterState, i: number): ClusterState {
  const linkId = `link-${name(i)}` as LinkId;
  if (state.linkAssignments.has(linkId)) return releaseLink(state, linkId);
  return assignLink(state, linkId, [...state.processes.values()][i]!.rNodeId);
}

/** Σ max(0, before − after): what any plan to these sizes has to move at least. */
function lowerBound({ processes }: Plan): number {
  return processes.reduce(
    (sum, { addressesBefore, addressesAfter }) =>
      sum + Math.max(0, addressesBefore - addressesAfter),
    0,
  );
}

test.each([
  { weights: "equal weights", weightOf: alike, most: 20 },
  { weights: "weights from 0.5 to 3.25", weightOf: different, most: 28 },
])("after 1,000 flaps, at most $most ranges per C-node with $weights", ({ weightOf, most }) => {
  const random = new Random(20_210_278);
  let state = clusterOf({
    processes: [...Array(PROCESSES).keys()].map((i) => ({
      id: name(i),
      linked: i < FLAPPING,
      weightMilli: weightOf(i),
    })),
    volumes: [{ id: "v", blockCount: 10_000_000 }],
  });
  for (let flap = 0; flap < FLAPS; flap++) {
    state = toggleLink(state, random.below(FLAPPING));
    const plan = planRebalance(state, { strategy: "equalize" });
    expect(plan.movedAddresses).toBe(lowerBound(plan));
    expect(plan.remainingAddresses).toBe(0);
    state = applyPlan(state, plan);
  }
  const [volume] = [...state.volumes.values()];
  expect(volume!.map.rangeCount / PROCESSES).toBeLessThanOrEqual(most);
});
