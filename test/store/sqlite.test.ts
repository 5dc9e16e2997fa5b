import { existsSync } from "node:fs";
import type Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changesBetween, isEmpty } from "../../src/core/changes.ts";
import { putStorageServer } from "../../src/core/cluster-state.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { CLUSTER_ID } from "./bench.ts";
import { storeContract } from "./contract.ts";
import { appendAll, play } from "./played-history.ts";
import { anyHistory, SECRET_MARK, takeStep } from "./random-history.ts";
import { EMPTY_STATE, settingsDecisions } from "./samples.ts";
import { newFile, newSqliteLocation, openStore } from "./sqlite-support.ts";
import { decisionOf } from "./store-model.ts";

storeContract("SQLite", () => newSqliteLocation());

describe("durability", () => {
  it("holds the connection to what an acknowledgement promises", () => {
    const file = newFile();
    for (const opening of ["first", "second"]) {
      const database = openConnection({ file, newClusterId: CLUSTER_ID });
      createEngine(database).append(0, []);
      const pragma = (name: string) => database.pragma(name, { simple: true });
      expect(
        {
          journalMode: pragma("journal_mode"),
          synchronous: pragma("synchronous"),
          foreignKeys: pragma("foreign_keys"),
          trustedSchema: pragma("trusted_schema"),
          cellSizeCheck: pragma("cell_size_check"),
          lockingMode: pragma("locking_mode"),
          isWaiting: (pragma("busy_timeout") as number) > 0,
        },
        opening,
      ).toEqual({
        journalMode: "wal",
        synchronous: 2,
        foreignKeys: 1,
        trustedSchema: 0,
        cellSizeCheck: 1,
        lockingMode: "exclusive",
        isWaiting: true,
      });
      database.close();
    }
  });

  it("keeps the identity that the cluster began with", async () => {
    const file = newFile();
    await (await openStore(file)).close();
    const store = await openStore(file, { newClusterId: "another" });
    expect((await store.load()).clusterId).toBe(CLUSTER_ID);
    await store.close();
  });

  it("leaves one file behind when it is closed", async () => {
    const file = newFile();
    const store = await openStore(file);
    await store.append(0, settingsDecisions(EMPTY_STATE, 1).entries);
    await store.close();
    expect([file, `${file}-wal`, `${file}-shm`].map(existsSync)).toEqual([true, false, false]);
  });
});

it("fills in the digests of revisions that were made before digests were kept", async () => {
  await fc.assert(
    fc.asyncProperty(anyHistory, async (steps) => {
      const file = newFile();
      const { states, batches } = play(steps);
      const store = await openStore(file);
      await appendAll(store, batches);
      await store.close();
      const database = openConnection({ file, newClusterId: CLUSTER_ID });
      database.exec("UPDATE revisions SET digest = NULL");
      database.close();
      const again = await openStore(file);
      const found = await Promise.all(states.map(({ revision }) => again.tablesAt(revision)));
      expect(found.map((tables) => tables!.digest)).toEqual(states.map(({ digest }) => digest));
      await again.close();
    }),
    { numRuns: 5 },
  );
});

describe("secrets", () => {
  it("are never in a table with history", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const database = openConnection({ file: newFile(), newClusterId: CLUSTER_ID });
        const engine = createEngine(database);
        let state = putStorageServer(EMPTY_STATE, {
          ...{ id: "s-0" as never, state: "active", registeredRevision: 1, revision: 1 },
        });
        let before = EMPTY_STATE;
        for (const step of [{ kind: "rotateSecret", pick: 0, detail: 0 } as const, ...steps]) {
          const draft = takeStep(state, { newBatch: true, ...step });
          if (isEmpty(changesBetween(before, draft))) continue;
          const { entry, after } = decisionOf(before, draft);
          const { rebalance: _, ...stored } = entry;
          engine.append(before.revision, [stored]);
          before = after;
          state = after;
        }
        for (const table of tablesIn(database)) {
          if (table === "storage_server_credentials") continue;
          const rows = database.prepare(`SELECT * FROM ${table}`).all();
          expect(JSON.stringify(rows)).not.toContain(SECRET_MARK);
        }
        engine.close();
      }),
      { numRuns: 10 },
    );
  });
});

function tablesIn(database: Database.Database): string[] {
  return database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .pluck(true)
    .all();
}
