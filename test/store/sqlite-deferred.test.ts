/** Large changes, whose rows are carried over into their tables after the answer. */
import { copyFileSync } from "node:fs";
import { setImmediate as letOthersRun } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { CNodeId, VolumeId } from "../../src/core/model.ts";
import { MoveList } from "../../src/core/rebalance/move-list.ts";
import { soundStateOf } from "../../src/core/sound-state.ts";
import { carryOverOne } from "../../src/store/sqlite/afterwards.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { examineCopy } from "../../src/store/sqlite/examine.ts";
import { perform } from "../../src/store/sqlite/perform.ts";
import type { PackedAppend } from "../../src/store/sqlite/protocol.ts";
import { clusterOf } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { CLUSTER_ID } from "./bench.ts";
import { storeContract } from "./contract.ts";
import { contentsOf, EMPTY_STATE, volumeWith } from "./samples.ts";
import { newFile, newSqliteLocation, openStore } from "./sqlite-support.ts";
import { decisionOf, plainState } from "./store-model.ts";

storeContract("SQLite that defers every row", () => newSqliteLocation({ deferredRowsMin: 1 }));

/** Three pieces of rows that leave and come, and two of moves. */
const RANGES = 60_000;
const PIECES = 5;
const VOLUME = "v" as VolumeId;

const moves = MoveList.of(
  Array.from({ length: RANGES }, (_, i) => ({
    ...{ volumeId: VOLUME, firstLba: 2 * i, lastLba: 2 * i + 1 },
    ...{ fromCNodeId: `c-${i % 2}` as CNodeId, toCNodeId: `c-${2 + (i % 2)}` as CNodeId },
  })),
);
const cluster = clusterOf({
  processes: Array.from({ length: 5 }, (_, i) => ({ id: String(i) })),
  volumes: [{ id: VOLUME, blockCount: 2 * RANGES, ranges: [["c-0", 2 * RANGES]] }],
});
const founded = { ...EMPTY_STATE, ...contentsOf(cluster) };
const first = decisionBy(founded, (i) => i % 2, EMPTY_STATE);
const large = decisionBy(first.after, (i) => 2 + (i % 2));
const behind = decisionBy(large.after, (i) => (i === 3 ? 4 : 2 + (i % 2)));

/** Ranges of two addresses. */
function decisionBy(from: ClusterState, ownerOf: (i: number) => number, before = from) {
  const ranges = Array.from({ length: RANGES }, (_, i) => {
    return [2 * i, 2 * i + 1, `c-${ownerOf(i)}`] as const;
  });
  const next = volumeWith(from, VOLUME, ranges);
  const { entry, after } = decisionOf(before, next);
  const packed: PackedAppend = { ...entry, rebalance: undefined };
  return { entry: packed, after };
}

const rebalance = {
  id: "rb-1",
  document: {},
  plan: {},
  moves: moves.columns,
} as unknown as NonNullable<PackedAppend["rebalance"]>;

function openEngine(file: string) {
  const database = openConnection({ file, newClusterId: CLUSTER_ID });
  return { database, engine: createEngine(database) };
}

/** With the first one carried over and the large one deferred. */
function withLargeChange() {
  const { database, engine } = openEngine(newFile());
  expect(engine.append(0, [first.entry])).toBe("committed");
  while (engine.carryOver());
  expect(engine.append(1, [{ ...large.entry, rebalance }])).toBe("committed");
  return { database, engine };
}

function stateIn(engine: ReturnType<typeof createEngine>) {
  const found = soundStateOf(engine.load());
  if ("broken" in found) throw new Error(found.broken);
  return plainState(found.state);
}

/** In a file that nobody has open. */
function deferredIn(file: string): unknown {
  const database = new Database(file);
  try {
    return database.prepare("SELECT count(*) FROM deferred_rows").pluck().get();
  } finally {
    database.close();
  }
}

describe("a large change", () => {
  it.each(Array.from({ length: PIECES + 1 }, (_, pieces) => pieces))(
    "is whole though the process ends when %i pieces are carried over",
    (pieces) => {
      const { database, engine } = withLargeChange();
      for (let i = 0; i < pieces; i++) expect(engine.carryOver()).toBe(true);
      // Nothing else is done at the end.
      database.close();
      const again = openEngine(database.name);
      expect(again.engine.carryOver()).toBe(false);
      expect(stateIn(again.engine)).toEqual(plainState(large.after));
      expect(again.engine.revision(2)?.changes.maps[0]?.removed.firstLba).toHaveLength(RANGES);
      const last = again.engine.rebalanceMoves("rb-1", { offset: RANGES - 3, limit: 9 });
      expect([...new MoveList(last)]).toEqual(moves.slice(RANGES - 3, RANGES));
      again.engine.close();
    },
  );

  it("is carried over before anybody reads its rows, and before a small one behind it", () => {
    const { engine } = withLargeChange();
    expect(engine.append(2, [behind.entry])).toBe("committed");
    expect(engine.ownersOf({ volumeId: VOLUME, lba: 7 }, { limit: 9 })).toMatchObject([
      { cNodeId: "c-4", fromRevision: 3 },
      { cNodeId: "c-3", fromRevision: 2, toRevision: 3 },
      { cNodeId: "c-1", fromRevision: 1, toRevision: 2 },
    ]);
    expect(stateIn(engine)).toEqual(plainState(behind.after));
    engine.close();
  });

  it("is carried over no further than the moves that are asked for, which go first", () => {
    const { database, engine } = withLargeChange();
    const left = () => database.prepare("SELECT count(*) FROM deferred_rows").pluck().get();
    const read = (offset: number, limit: number, id = "rb-1") => {
      return [...new MoveList(engine.rebalanceMoves(id, { offset, limit }))];
    };
    expect(read(0, 9, "rb-none")).toEqual([]);
    expect(read(RANGES, 9)).toEqual([]);
    expect(left()).toBe(PIECES);
    expect(read(0, 20_000)).toEqual(moves.slice(0, 20_000));
    expect(left()).toBe(PIECES - 1);
    expect(read(RANGES - 20_000, 40_000)).toEqual(moves.slice(RANGES - 20_000, RANGES));
    expect(left()).toBe(PIECES - 2);
    expect(stateIn(engine)).toEqual(plainState(large.after));
    engine.close();
  });

  it("is carried over piece by piece before history is pruned, so that others get their turn", () => {
    const { engine } = withLargeChange();
    const step = () => engine.prune({ revisionsMax: 1, bytesMax: 2 ** 40 }, 1000, 0);
    for (let piece = 0; piece < PIECES; piece++) {
      expect(step()).toEqual({ floorRevision: 0, done: false });
    }
    expect(step()).toEqual({ floorRevision: 2, done: false });
    engine.close();
  });

  it("is carried over by the store's thread when nobody asks for anything", async () => {
    const file = newFile();
    const store = await openStore(file);
    // One of its own, since its columns are handed over.
    const { entry } = decisionBy(founded, (i) => i % 2, EMPTY_STATE);
    expect(await store.append(0, [{ ...entry, rebalance: undefined }])).toBe("committed");
    const copy = newFile();
    const left = async () => {
      // As it stands at this moment, which may be in the middle of a write.
      for (const part of ["", "-wal"]) copyFileSync(file + part, copy + part);
      try {
        return deferredIn(copy);
      } catch {
        return undefined;
      }
    };
    await eventually(left, (count) => count === 0);
    await store.close();
  });

  it("leaves nothing of an append that fails", () => {
    const { database, engine } = openEngine(newFile());
    const wrong = { ...large.entry, heading: { ...large.entry.heading, revision: 7 } };
    expect(() => engine.append(0, [first.entry, wrong])).toThrow("revision 7 comes next");
    expect(engine.carryOver()).toBe(false);
    database.close();
  });

  it("of many volumes takes few pieces", () => {
    const { database, engine } = openEngine(newFile());
    let state: ClusterState = EMPTY_STATE;
    for (let i = 0; i < 1000; i++) {
      const ranges = Array.from({ length: 10 }, (_, n) => [n, n, `c-${n}`] as const);
      state = volumeWith(state, `v-${i}`, ranges);
    }
    const { entry } = decisionOf(EMPTY_STATE, state);
    engine.append(0, [{ ...entry, rebalance: undefined }]);
    expect(engine.carryOver()).toBe(true);
    expect(engine.carryOver()).toBe(false);
    database.close();
  });

  it("is in a copy that was begun before it", async () => {
    const { database, engine } = openEngine(newFile());
    engine.append(0, [first.entry]);
    const copy = newFile();
    const copying = engine.copyTo(copy);
    for (let step = 0; step < 3; step++) await letOthersRun();
    engine.append(1, [large.entry]);
    await copying;
    expect(deferredIn(copy)).toBe(PIECES - 2);
    expect(examineCopy(copy)).toMatchObject({ revision: 2 });
    expect(deferredIn(copy)).toBe(0);
    database.close();
  });

  it("waits for room, and so do those who read its rows", () => {
    const { database, engine } = withLargeChange();
    const pages = database.pragma("page_count", { simple: true }) as number;
    database.pragma(`max_page_count = ${pages}`);
    expect(carryOverOne(database, engine)).toBe(false);
    const load = { id: 1, method: "load", parameters: [] } as const;
    expect(perform(engine, database.name, load)).toMatchObject({ failure: { reason: "full" } });
    database.pragma("max_page_count = 1000000");
    expect(carryOverOne(database, engine)).toBe(true);
    expect(stateIn(engine)).toEqual(plainState(large.after));
    engine.close();
  });

  it.each([
    ["SQLITE_IOERR_FSYNC", "outcome-unknown"],
    ["SQLITE_IOERR_WRITE", "outcome-unknown"],
  ])("takes %s when it is carried over for %s", (code, reason) => {
    const carryOver = () => {
      throw new Database.SqliteError("as the disk would", code);
    };
    const database = { name: "the-file", open: true } as Database.Database;
    expect(() => carryOverOne(database, { carryOver })).toThrow(
      expect.objectContaining({ reason }),
    );
  });

  it("is not opened where what it replaces is gone", async () => {
    const { database } = withLargeChange();
    database.exec("DELETE FROM a2c_entries WHERE first_lba = 0");
    database.close();
    await expect(openStore(database.name)).rejects.toThrow(
      "each row of v that leaves is live in a2c_entries",
    );
  });
});
