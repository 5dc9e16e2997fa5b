import {
  chmodSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { MoveList } from "../../src/core/rebalance/move-list.ts";
import { endsOf } from "../../src/core/rebalance/moves.ts";
import { MIGRATIONS_DIRECTORY, readMigrations } from "../../src/store/migrate.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { packRebalance } from "../../src/store/sqlite/packed-rebalance.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { CLUSTER_ID } from "./bench.ts";
import { EMPTY_STATE, volumeWith } from "./samples.ts";
import { newFile, openStore } from "./sqlite-support.ts";
import { decisionOf } from "./store-model.ts";

const NEWEST = readMigrations().length;

/** Opens in this thread and expects one line that names the file. */
function refusal(file: string, migrationsDirectory?: string): string {
  try {
    openConnection({ file, newClusterId: CLUSTER_ID, migrationsDirectory }).close();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    const { message, reason } = error as StoreError;
    expect(reason).toBe("unavailable");
    expect(message).not.toContain("\n");
    expect(message).toContain(dirname(file));
    return message;
  }
  throw new Error("it was opened");
}

describe("opening is refused in one line", () => {
  it("while the file is open", async () => {
    const file = newFile();
    const store = await openStore(file);
    const inUse = /is in use by another process: stop it or set DATABASE_URL to another file/;
    await expect(openStore(file)).rejects.toThrow(inUse);
    await expect(openStore(file)).rejects.toMatchObject({ name: "StoreError" });
    expect((await store.load()).revision).toBe(0);
    await store.close();
    await (await openStore(file)).close();
  });

  it("where a backup takes the file's place between opening and locking it", () => {
    const [file, backup] = [newFile(), newFile()];
    for (const one of [file, backup]) {
      openConnection({ file: one, newClusterId: CLUSTER_ID }).close();
    }
    const { pragma } = Database.prototype;
    vi.spyOn(Database.prototype, "pragma").mockImplementationOnce(function (
      this: Database.Database,
      ...parameters
    ) {
      renameSync(file, `${file}.replaced`);
      renameSync(backup, file);
      return pragma.apply(this, parameters);
    });
    expect(refusal(file)).toMatch(/was replaced while it was opened: start once more/);
    vi.restoreAllMocks();
    openConnection({ file, newClusterId: CLUSTER_ID }).close();
  });

  it("for a schema that is newer than the program", () => {
    const file = newFile();
    const database = new Database(file);
    database.pragma("user_version = 999");
    database.close();
    expect(refusal(file)).toMatch(
      new RegExp(`schema version 999, and the newest that this program knows is ${NEWEST}`),
    );
  });

  it("for a database of another program, which stays as it is", () => {
    const file = newFile();
    const database = new Database(file);
    database.exec("CREATE TABLE bookmarks (url TEXT)");
    database.close();
    expect(refusal(file)).toMatch(/is a database of another program/);
    const again = new Database(file);
    expect(again.pragma("journal_mode", { simple: true })).toBe("delete");
    expect(again.pragma("application_id", { simple: true })).toBe(0);
    expect(again.prepare("SELECT name FROM sqlite_schema").pluck().all()).toEqual(["bookmarks"]);
    again.close();
  });

  it("where the directory is missing", () => {
    const file = join(dirname(newFile()), "missing", "cluster.sqlite");
    expect(refusal(file)).toMatch(/^the directory \S+missing of the database does not exist/);
  });

  it("where a directory stands in the file's place", () => {
    const file = newFile();
    mkdirSync(file);
    expect(refusal(file)).toMatch(/can't be opened/);
  });

  // The superuser may write every file.
  it.skipIf(process.getuid?.() === 0)("for a file that can only be read", () => {
    const file = newFile();
    openConnection({ file, newClusterId: CLUSTER_ID }).close();
    chmodSync(file, 0o400);
    expect(refusal(file)).toMatch(/can't be written: give this user the right/);
  });

  it("for a file that is no database", () => {
    const file = newFile();
    writeFileSync(file, "Dear diary, ".repeat(1_000));
    expect(refusal(file)).toMatch(/is not a database file/);
  });

  it("for a damaged schema", () => {
    const file = newFile();
    openConnection({ file, newClusterId: CLUSTER_ID }).close();
    damage(file, 100, 4_096);
    expect(refusal(file)).toMatch(/is damaged: restore a backup/);
  });
});

describe("a damaged table", () => {
  it("fails the load in one line", async () => {
    const file = newFile();
    const engine = createEngine(openConnection({ file, newClusterId: CLUSTER_ID }));
    const ranges = Array.from({ length: 5_000 }, (_, i) => [i, i, `c-${i % 2}`] as const);
    const decision = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", ranges));
    engine.append(0, [{ ...decision.entry, rebalance: undefined }]);
    engine.close();
    damage(file, statSync(file).size / 2, statSync(file).size);
    const store = await openStore(file);
    await expect(store.load()).rejects.toThrow(/is damaged: restore a backup \(SQLITE_CORRUPT/);
    await store.close();
  });
});

describe("migrations", () => {
  it("are numbered without gaps", () => {
    const directory = dirname(newFile());
    writeFileSync(join(directory, "0001-one.sql"), "");
    writeFileSync(join(directory, "notes.txt"), "");
    expect(readMigrations(directory).map(({ name }) => name)).toEqual(["0001-one.sql"]);
    writeFileSync(join(directory, "0003-three.sql"), "");
    expect(() => readMigrations(directory)).toThrow(/without gaps, at 0003-three.sql/);
  });

  it("rebuild a table without losing its children", () => {
    const file = newFile();
    const engine = createEngine(openConnection({ file, newClusterId: CLUSTER_ID }));
    engine.saveRebalance(
      packRebalance({
        id: "r",
        document: {},
        plan: { ends: endsOf([MOVE]), processes: [] },
        moves: [MOVE],
      }),
    );
    engine.close();
    const migrationsDirectory = withMigration(`
      CREATE TABLE rebuilt (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        document TEXT NOT NULL, move_count INTEGER NOT NULL, plan TEXT NOT NULL,
        forget_at INTEGER, note TEXT) STRICT;
      INSERT INTO rebuilt SELECT *, NULL FROM rebalances;
      DROP TABLE rebalances;
      ALTER TABLE rebuilt RENAME TO rebalances;`);
    const database = openConnection({ file, newClusterId: CLUSTER_ID, migrationsDirectory });
    expect(database.pragma("user_version", { simple: true })).toBe(NEWEST + 1);
    expect(database.pragma("foreign_keys", { simple: true })).toBe(1);
    const migrated = createEngine(database);
    const kept = new MoveList(migrated.rebalanceMoves("r", { offset: 0, limit: 9 }));
    expect([...kept]).toEqual([MOVE]);
    migrated.close();
    expect(refusal(file)).toMatch(`schema version ${NEWEST + 1}`);
  });

  it("make earlier rebalances ones that can be rolled back, and earlier plans old", () => {
    const directory = join(dirname(newFile()), "earlier");
    const early = readMigrations().filter(({ name }) => name < "0005");
    mkdirSync(directory);
    for (const { name } of early) cpSync(join(MIGRATIONS_DIRECTORY, name), join(directory, name));
    const file = newFile();
    const options = { file, newClusterId: CLUSTER_ID };
    const before = openConnection({ ...options, migrationsDirectory: directory });
    before.exec(`
      INSERT INTO rebalances VALUES (1, 'done', '{"state":"applied","revision":4,"processes":[{"processId":"A"}]}', 2),
        (2, 'plan', '{"state":"planned","createdAt":"2026-11-22T10:00:00.500Z","nested":{"a":[1]}}', 0);
      INSERT INTO rebalance_moves VALUES (1, 0, 'v', 0, 1, 'a', 'b'), (1, 1, 'v', 2, 3, 'c', 'b');`);
    before.close();
    const engine = createEngine(openConnection(options));
    expect(engine.rebalance("done")).toMatchObject({
      document: { state: "applied", revision: 4 },
      plan: {
        ends: { volumeIds: ["v"], losers: ["a", "c"], gainers: ["b"] },
        processes: [{ processId: "A" }],
      },
    });
    expect(engine.rebalance("plan")).toMatchObject({
      document: { state: "expired", nested: { a: [1] } },
      plan: { ends: { volumeIds: [], losers: [], gainers: [] }, processes: [] },
    });
    // A plan is kept for two days, whatever revisions stay.
    const limits = { revisionsMax: 1_000_000, bytesMax: 2 ** 40 };
    const twoDaysOn = Date.parse("2026-11-24T10:00:00Z");
    while (!engine.prune(limits, 10, twoDaysOn - 1).done);
    expect(engine.rebalances({ limit: 9 })).toHaveLength(2);
    while (!engine.prune(limits, 10, twoDaysOn).done);
    expect(engine.rebalances({ limit: 9 }).map(({ id }) => id)).toEqual(["done"]);
    engine.close();
  });

  it("leave nothing when they fail", () => {
    const file = newFile();
    openConnection({ file, newClusterId: CLUSTER_ID }).close();
    const broken = withMigration("CREATE TABLE half (id TEXT) STRICT; INSERT INTO nowhere;");
    expect(refusal(file, broken)).toMatch(/SQLITE_ERROR/);
    const orphan = withMigration("INSERT INTO rebalance_moves VALUES (9, 0, 'v', 0, 1, 'a', 'b');");
    expect(() =>
      openConnection({ file, newClusterId: CLUSTER_ID, migrationsDirectory: orphan }),
    ).toThrow(/leaves 1 broken foreign keys/);
    const database = openConnection({ file, newClusterId: CLUSTER_ID });
    expect(database.pragma("user_version", { simple: true })).toBe(NEWEST);
    const half = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").all();
    expect(half).toEqual([]);
    database.close();
  });
});

const MOVE = {
  volumeId: "v" as never,
  firstLba: 0,
  lastLba: 1,
  fromCNodeId: "a" as never,
  toCNodeId: "b" as never,
};

/** The program's migrations and one more. */
function withMigration(sql: string): string {
  const directory = join(dirname(newFile()), "migrations");
  cpSync(MIGRATIONS_DIRECTORY, directory, { recursive: true });
  const number = String(NEWEST + 1).padStart(4, "0");
  writeFileSync(join(directory, `${number}-test.sql`), sql);
  return directory;
}

function damage(file: string, from: number, to: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(to - from, 0x5a), 0, to - from, from);
}

describe("the rights to read", () => {
  const modesIn = (directory: string) =>
    readdirSync(directory).map((name) => [
      name,
      (statSync(join(directory, name)).mode & 0o777).toString(8),
    ]);

  it("are this user's alone, of the file and of what stands beside it", async () => {
    const file = newFile();
    const store = await openStore(file);
    const name = basename(file);
    expect(modesIn(dirname(file))).toEqual([
      [name, "600"],
      [`${name}-wal`, "600"],
    ]);
    await store.close();
    expect(modesIn(dirname(file))).toEqual([[name, "600"]]);
  });

  it("stay as they are where the file was there before", async () => {
    const file = newFile();
    await (await openStore(file)).close();
    chmodSync(file, 0o640);
    await (await openStore(file)).close();
    expect(modesIn(dirname(file))).toEqual([[basename(file), "640"]]);
  });
});
