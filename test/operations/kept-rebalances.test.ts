/** The moves of a large rebalance, read back right after they were written. */
import { expect, it } from "vitest";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import type { KeptPlan } from "../../src/core/rebalance/kept-plan.ts";
import { MoveList } from "../../src/core/rebalance/move-list.ts";
import { allMoves } from "../../src/operations/kept-rebalances.ts";
import { newFile, openStore } from "../store/sqlite-support.ts";

/** Full pages read side by side, a page more, and one that is not full. */
const MOVE_COUNT = 105_000;

it.each([MOVE_COUNT, 80_000, 7, 0])("reads all of %i moves, in their order", async (moveCount) => {
  const all = Array.from({ length: moveCount }, (_, i) => ({
    ...{ volumeId: `v-${Math.floor(i / 30_000)}` as VolumeId, firstLba: i, lastLba: i },
    ...{ fromCNodeId: `c-${i % 3}` as CNodeId, toCNodeId: "c-3" as CNodeId },
  }));
  const store = await openStore(newFile());
  try {
    const plan = {} as KeptPlan;
    await store.saveRebalance({ id: "rb-1", document: {}, plan, moves: MoveList.of(all) });
    const moves = await allMoves({ store }, { id: "rb-1", moveCount });
    expect([...moves]).toEqual(all);
  } finally {
    await store.close();
  }
});
