import { expect, it } from "vitest";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import type { Move } from "../../src/core/rebalance/types.ts";
import type { RebalanceToStore } from "../../src/store/store.ts";
import type { Bench } from "./bench.ts";
import { EMPTY_STATE, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

function rebalance(id: string, moveCount: number): RebalanceToStore {
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
  return { id, document: { strategy: "equalize", nested: [{ é: null }], moveCount }, moves };
}

export function rebalancesContract({ newStore, reopen }: Bench): void {
  it("keeps a dry run and gives its moves in pages", async () => {
    const fresh = await newStore();
    const plan = rebalance("dry", 25);
    await fresh.saveRebalance(plan);
    const store = await reopen(fresh);
    const { id, document } = plan;
    expect(await store.rebalance("dry")).toEqual({ id, document, moveCount: 25 });
    expect(await store.rebalanceMoves("dry", { offset: 0, limit: 100 })).toEqual(plan.moves);
    expect(await store.rebalanceMoves("dry", { offset: 10, limit: 5 })).toEqual(
      plan.moves.slice(10, 15),
    );
    expect(await store.rebalanceMoves("dry", { offset: 25, limit: 5 })).toEqual([]);
    expect(await store.rebalanceMoves("none", { offset: 0, limit: 5 })).toEqual([]);
    expect(await store.rebalance("none")).toBeUndefined();
  });

  it("keeps a rebalance with the revision that applies it, or neither", async () => {
    const store = await newStore();
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const { entry } = decisionOf(EMPTY_STATE, draft, rebalance("applied", 3));
    expect(await store.append(7, [entry])).toBe("conflict");
    expect(await store.rebalance("applied")).toBeUndefined();
    await store.append(0, [entry]);
    expect((await store.rebalance("applied"))?.moveCount).toBe(3);
  });

  it("puts an applied dry run in its own place", async () => {
    const store = await newStore();
    await store.saveRebalance(rebalance("dry", 5));
    await store.saveRebalance(rebalance("other", 1));
    const applied = { ...rebalance("dry", 2), document: { applied: true } };
    const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    await store.append(0, [decisionOf(EMPTY_STATE, draft, applied).entry]);
    expect(await store.rebalance("dry")).toEqual({
      id: "dry",
      document: { applied: true },
      moveCount: 2,
    });
    expect(await store.rebalanceMoves("dry", { offset: 0, limit: 9 })).toEqual(applied.moves);
    expect(await store.rebalanceMoves("other", { offset: 0, limit: 9 })).toHaveLength(1);
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
