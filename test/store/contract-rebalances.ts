import { expect, it } from "vitest";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import type { KeptPlan } from "../../src/core/rebalance/kept-plan.ts";
import { endsOf } from "../../src/core/rebalance/moves.ts";
import type { Move } from "../../src/core/rebalance/types.ts";
import type { NewRebalance } from "../../src/store/rebalances.ts";
import type { Bench } from "./bench.ts";
import { EMPTY_STATE, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

function rebalance(id: string, moveCount: number): NewRebalance {
  const moves = Array.from(
    { length: moveCount },
    (_, i): Move => ({
      volumeId: `v-${i % 2}` as VolumeId,
      firstLba: Number.MAX_SAFE_INTEGER - 10 * i,
      lastLba: Number.MAX_SAFE_INTEGER - 5 * i,
      fromCNodeId: `c-${i % 3}` as CNodeId,
      toCNodeId: `c-${i % 4}` as CNodeId,
    }),
  );
  const document = { strategy: "equalize", nested: [{ é: null }], moveCount };
  return { id, document, plan: planOf(moves), moves };
}

/** With everything that JSON could lose. */
function planOf(moves: readonly Move[]): KeptPlan {
  const request = { strategy: "pairwise", transfer: { fractionMicro: 500_000 } } as const;
  const basis = {
    volumes: [{ volumeId: "v-0" as VolumeId, revision: Number.MAX_SAFE_INTEGER }],
    activeProcesses: [],
    linkHolders: [],
    replicationCostMicro: null,
  };
  return {
    ends: endsOf(moves),
    processes: [],
    dryRun: { request, assume: { linksDown: [] }, basis },
  };
}

export function rebalancesContract({ newStore, reopen }: Bench): void {
  it("keeps a dry run and gives its moves in pages", async () => {
    const fresh = await newStore();
    const plan = rebalance("dry", 25);
    await fresh.saveRebalance(plan);
    const store = await reopen(fresh);
    const { moves, ...kept } = plan;
    expect(await store.rebalance("dry")).toEqual({ ...kept, moveCount: 25 });
    const page = async (id: string, offset: number, limit: number) => [
      ...(await store.rebalanceMoves(id, { offset, limit })),
    ];
    expect(await page("dry", 0, 100)).toEqual(moves);
    expect(await page("dry", 10, 5)).toEqual(moves.slice(10, 15));
    expect(await page("dry", 25, 5)).toEqual([]);
    expect(await page("none", 0, 5)).toEqual([]);
    expect(await store.rebalance("none")).toBeUndefined();
  });

  it("keeps a rebalance with the revision that applies it, or neither", async () => {
    const store = await newStore();
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const { entry } = decisionOf(EMPTY_STATE, draft, rebalance("applied", 3));
    expect(await store.append(7, structuredClone([entry]))).toBe("conflict");
    expect(await store.rebalance("applied")).toBeUndefined();
    await store.append(0, [entry]);
    expect((await store.rebalance("applied"))?.moveCount).toBe(3);
    await expect(store.append(1, [entry])).rejects.toThrow("handed over only once");
  });

  it("changes the document of one that is kept with the revision, or not at all", async () => {
    const fresh = await newStore();
    const { moves, ...kept } = rebalance("dry", 5);
    await fresh.saveRebalance({ ...kept, moves });
    await fresh.saveRebalance(rebalance("other", 1));
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const change = { id: "dry", document: { applied: true } };
    const { entry } = decisionOf(EMPTY_STATE, draft, change);
    expect(await fresh.append(7, structuredClone([entry]))).toBe("conflict");
    expect(await fresh.rebalance("dry")).toEqual({ ...kept, moveCount: 5 });
    expect(await fresh.append(0, [entry])).toBe("committed");
    const store = await reopen(fresh);
    expect(await store.rebalance("dry")).toEqual({ ...kept, ...change, moveCount: 5 });
    expect([...(await store.rebalanceMoves("dry", { offset: 0, limit: 9 }))]).toEqual(moves);
    expect((await store.rebalance("other"))?.document).not.toEqual(change.document);
  });

  it("keeps nothing of a revision that changes a rebalance which is not there", async () => {
    const store = await newStore();
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const { entry } = decisionOf(EMPTY_STATE, draft, { id: "none", document: {} });
    await expect(store.append(0, [entry])).rejects.toThrow(/rebalance none is kept/);
    expect((await store.load()).revision).toBe(0);
  });

  it("forgets plans in time, a few rows at once, but none that was applied since", async () => {
    const store = await newStore();
    for (const [id, forgetAt] of [
      ["old", 1000],
      ["young", 2000],
      ["applied", 1000],
    ] as const) {
      await store.saveRebalance({ ...rebalance(id, 5), forgetAt });
    }
    await store.saveRebalance(rebalance("kept", 5));
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const { entry } = decisionOf(EMPTY_STATE, draft, { id: "applied", document: {} });
    await store.append(0, [entry]);
    const noLimits = { revisionsMax: 1_000_000, bytesMax: 2 ** 40 };
    const prune = async (now: number) => {
      for (let steps = 1; ; steps++) if ((await store.prune(noLimits, 2, now)).done) return steps;
    };
    const ids = async () => (await store.rebalances({ limit: 9 })).map(({ id }) => id);
    await prune(999);
    expect(await ids()).toEqual(["applied", "kept", "old", "young"]);
    expect(await prune(1999)).toBeGreaterThan(3);
    expect(await ids()).toEqual(["applied", "kept", "young"]);
    expect(await store.rebalanceMoves("old", { offset: 0, limit: 9 })).toHaveLength(0);
    expect(await store.rebalanceMoves("applied", { offset: 0, limit: 9 })).toHaveLength(5);
  });

  it("lists rebalances in id order, in pages", async () => {
    const store = await newStore();
    for (const id of ["b", "B", "a", "c-10", "c-9"]) await store.saveRebalance(rebalance(id, 0));
    const ids = async (page: { after?: string; limit: number }) =>
      (await store.rebalances(page)).map(({ id }) => id);
    expect(await ids({ limit: 9 })).toEqual(["B", "a", "b", "c-10", "c-9"]);
    expect(await ids({ after: "a", limit: 2 })).toEqual(["b", "c-10"]);
    expect(await ids({ after: "c-9", limit: 2 })).toEqual([]);
  });
}
