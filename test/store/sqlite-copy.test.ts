import { writeFileSync } from "node:fs";
import { setImmediate as letOthersRun } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { examineCopy, examineFile } from "../../src/store/sqlite/examine.ts";
import { clusterOf } from "../support/cluster.ts";
import { CLUSTER_ID } from "./bench.ts";
import { contentsOf, EMPTY_STATE, settingsDecisions } from "./samples.ts";
import { newFile } from "./sqlite-support.ts";
import { decisionOf } from "./store-model.ts";

/** A database of more pages than are copied in a few steps. */
function largeDatabase() {
  const database = openConnection({ file: newFile(), newClusterId: CLUSTER_ID });
  const engine = createEngine(database);
  const ranges = Array.from({ length: 60_000 }, (_, i) => [`c-${i % 2}`, i + 1] as const);
  const cluster = clusterOf({
    processes: [{ id: "0" }, { id: "1" }],
    volumes: [{ id: "v", blockCount: ranges.length, ranges }],
  });
  const { entry, after } = decisionOf(EMPTY_STATE, { ...EMPTY_STATE, ...contentsOf(cluster) });
  engine.append(0, [{ ...entry, rebalance: undefined }]);
  while (engine.carryOver());
  return { database, engine, after };
}

async function copyOf(engine: ReturnType<typeof createEngine>): Promise<string> {
  const copy = newFile();
  await engine.copyTo(copy);
  return copy;
}

describe("a copy", () => {
  it("takes in what is written while it is made, and waits for none of it", async () => {
    const { database, engine, after } = largeDatabase();
    expect(database.pragma("page_count", { simple: true })).toBeGreaterThan(4 * 100);
    const file = newFile();
    let ended = false;
    const copying = engine.copyTo(file).then(() => {
      ended = true;
    });
    for (let step = 0; step < 3; step++) await letOthersRun();
    const { rebalance: _, ...change } = settingsDecisions(after, 1).entries[0]!;
    expect(engine.append(1, [change])).toBe("committed");
    expect(ended).toBe(false);
    await copying;
    expect(examineCopy(file)).toEqual({ clusterId: CLUSTER_ID, generation: 1, revision: 2 });
    engine.close();
  });

  it("is found to be damaged where a range is missing, a reference leads nowhere, a page is wrong", async () => {
    const { engine } = largeDatabase();
    expect(examineCopy(await copyOf(engine))).toMatchObject({ revision: 1 });
    for (const [harm, message] of [
      ["DELETE FROM a2c_entries WHERE first_lba = 33", /is damaged: .*33/],
      ["INSERT INTO rebalance_moves VALUES (9, 0, 'v', 0, 1, 'a', 'b')", /1 broken foreign keys/],
      ["UPDATE sqlite_schema SET rootpage = 4 WHERE name = 'audit'", /is damaged/],
    ] as const) {
      const file = await copyOf(engine);
      const database = new Database(file);
      database.unsafeMode().pragma("foreign_keys = OFF");
      database.pragma("writable_schema = ON");
      database.exec(harm);
      database.close();
      expect(() => examineCopy(file)).toThrow(message);
    }
    engine.close();
  });

  it("must be of this program, and not of a newer one", () => {
    const file = newFile();
    writeFileSync(file, "");
    const copy = { file, name: "the-backup" };
    expect(() => examineFile(copy)).toThrow("the-backup is not a database of this program");
    openConnection({ file, newClusterId: CLUSTER_ID }).close();
    expect(() => examineFile(copy)).not.toThrow();
    const database = new Database(file);
    database.pragma("user_version = 999");
    database.close();
    expect(() => examineFile(copy)).toThrow(/^the-backup has schema version 999/);
  });
});
