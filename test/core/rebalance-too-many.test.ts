import { expect, test } from "vitest";
import type { ProcessId, VolumeId } from "../../src/core/model.ts";
import { AMOUNTS_MAX } from "../../src/core/rebalance/flows.ts";
import { planRebalance } from "../../src/core/rebalance/plan.ts";
import type { RebalanceRequest } from "../../src/core/rebalance/types.ts";
import { clusterOf } from "../support/cluster.ts";

const UNLINKED = 2000;

/** Enough in each volume for every linked process to give something to every unlinked one. */
function clusterWith(linked: number, volumes = ["v"]) {
  const count = linked + UNLINKED;
  return clusterOf({
    processes: Array.from({ length: count }, (_, i) => ({ id: `${i}`, linked: i < linked })),
    volumes: volumes.map((id) => ({ id, blockCount: count * 4000 })),
  });
}

const refused = (strategy: string) =>
  expect.objectContaining({
    code: "too-many-moves",
    message: expect.stringMatching(
      /the plan has at least \d+ amounts, each from one process to another; 1500000 are the most/,
    ),
    correction: expect.stringContaining(strategy),
  });

test("the largest plan that takes a move for each pair is made", () => {
  const state = clusterWith(AMOUNTS_MAX / UNLINKED);
  const plan = planRebalance(state, { strategy: "proportional" });
  expect(plan.moves.length).toBe(AMOUNTS_MAX);
  expect(plan.remainingAddresses).toBe(0);
});

test("a larger one is refused, unless a budget, receivers, pairs or volumes bound it", () => {
  const state = clusterWith(AMOUNTS_MAX / UNLINKED + 1, ["v-1", "v-2"]);
  const plan = (request: RebalanceRequest) => planRebalance(state, request);
  expect(() => plan({ strategy: "proportional" })).toThrow(refused("receiverProcessIds"));
  const addresses = { transfer: { addresses: 1 } };
  expect(() => plan({ strategy: "pairwise", force: true, ...addresses })).toThrow(refused("pairs"));

  const budget = { maxMovedAddresses: 1_000_000 };
  const cut = plan({ strategy: "proportional", ...budget });
  expect(cut.movedAddresses).toBe(1_000_000);
  // Of both volumes, as far as nobody has to know each move.
  expect(cut.minimumMovedAddresses).toBeGreaterThan(2 * AMOUNTS_MAX);
  // All of it could not be asked for.
  expect(cut.explanations).toEqual([
    { code: "budget-exhausted", detail: expect.stringMatching(/in too many moves to go at once$/) },
  ]);
  const [linked, first, second] = ["0", "998", "999"] as ProcessId[];
  const few = { force: true, receiverProcessIds: [first!, second!] };
  expect(plan({ strategy: "proportional", ...few }).moves.length).toBeLessThan(AMOUNTS_MAX / 100);
  const pairs = [{ linkedProcessId: linked!, unlinkedProcessId: first! }];
  expect(plan({ strategy: "pairwise", pairs, ...addresses }).moves.length).toBe(2);
});

test("it is the whole plan that counts, volume by volume", () => {
  const state = clusterWith(AMOUNTS_MAX / UNLINKED, ["v-1", "v-2"]);
  const one = { strategy: "proportional", volumeIds: ["v-2" as VolumeId] } as const;
  expect(planRebalance(state, one).moves.length).toBe(AMOUNTS_MAX);
  expect(() => planRebalance(state, { strategy: "proportional" })).toThrow(refused("volumeIds"));
});

test("one that would be left alone is a no-op, however many moves it would take", () => {
  const state = clusterWith(AMOUNTS_MAX / UNLINKED + 1);
  const { moves, explanations } = planRebalance(state, {
    strategy: "proportional",
    // So the table is even as it is.
    replicationCostMicro: 0,
  });
  expect(moves.length).toBe(0);
  expect(explanations.map(({ code }) => code)).toEqual(["would-not-improve"]);
  // Forced, it would be refused.
  expect(explanations[0]!.counterfactual).toBeUndefined();
});
