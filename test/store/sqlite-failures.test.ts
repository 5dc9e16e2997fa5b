import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { shortenLog } from "../../src/store/sqlite/afterwards.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { perform } from "../../src/store/sqlite/perform.ts";
import { inTransaction } from "../../src/store/sqlite/transaction.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { CLUSTER_ID } from "./bench.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { newFile, openStore } from "./sqlite-support.ts";
import { decisionOf } from "./store-model.ts";

describe("failures", () => {
  it("says full when there is no room, leaves nothing of the append and goes on", () => {
    const database = openConnection({ file: newFile(), newClusterId: CLUSTER_ID });
    const engine = createEngine(database);
    const pageCount = database.pragma("page_count", { simple: true }) as number;
    database.pragma(`max_page_count = ${pageCount + 10}`);
    const manyRanges = Array.from({ length: 10_000 }, (_, i) => [i, i, `c-${i % 2}`] as const);
    const { entry } = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", manyRanges));
    const { rebalance: _, ...large } = entry;
    expect(
      perform(engine, database.name, { id: 1, method: "append", parameters: [0, [large]] }),
    ).toEqual({ failure: { reason: "full", message: expect.stringContaining("disk is full") } });
    expect(engine.load()).toMatchObject({ revision: 0, volumes: [] });
    const { rebalance: __, ...small } = settingsDecisions(EMPTY_STATE, 1).entries[0]!;
    expect(engine.append(0, [small])).toBe("committed");
    engine.close();
  });

  it.each([
    ["SQLITE_IOERR_FSYNC", "outcome-unknown"],
    ["SQLITE_IOERR_WRITE", "outcome-unknown"],
    ["SQLITE_NOMEM", "outcome-unknown"],
    ["SQLITE_FULL", "full"],
  ])("takes %s at COMMIT for %s", (code, reason) => {
    const failing = failingDatabase("COMMIT", code);
    const error = thrownBy(() => inTransaction(failing, () => "done"));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ reason, message: expect.stringContaining(code) });
  });

  it("takes an error before COMMIT for one that left nothing", () => {
    const failing = failingDatabase("BEGIN IMMEDIATE", "SQLITE_IOERR_READ");
    const engine = createEngine(openConnection({ file: newFile(), newClusterId: CLUSTER_ID }));
    const request = { id: 1, method: "saveRebalance", parameters: [] } as const;
    const saveRebalance = () => inTransaction(failing, () => {});
    expect(perform({ ...engine, saveRebalance }, "the-file", request)).toMatchObject({
      failure: { reason: "unavailable", message: expect.stringContaining("the-file") },
    });
    engine.close();
  });

  it("takes a failed sync before COMMIT for an unknown outcome", () => {
    const database = openConnection({ file: newFile(), newClusterId: CLUSTER_ID });
    const error = thrownBy(() =>
      inTransaction(database, () => {
        throw new Database.SqliteError("as the disk would", "SQLITE_IOERR_FSYNC");
      }),
    );
    expect(error).toMatchObject({ name: "StoreError", reason: "outcome-unknown" });
    expect(database.inTransaction).toBe(false);
    database.close();
  });

  it("carries a long log over into the file, and leaves a short one", () => {
    const database = openConnection({ file: newFile(), newClusterId: CLUSTER_ID });
    database.pragma("wal_autocheckpoint = 0");
    const log = () => database.pragma("wal_checkpoint(NOOP)") as [object];
    shortenLog(database);
    expect(log()).toMatchObject([{ checkpointed: 0 }]);
    database.exec("CREATE TABLE filler AS SELECT randomblob(5000000)");
    const [{ log: pages }] = log() as [{ log: number }];
    shortenLog(database);
    expect(log()).toMatchObject([{ log: pages, checkpointed: pages }]);
    database.close();
  });

  it.each([
    ["SQLITE_IOERR_FSYNC", "outcome-unknown"],
    ["SQLITE_IOERR_WRITE", "outcome-unknown"],
    ["SQLITE_FULL", undefined],
  ])("takes %s at a checkpoint for %s", (code, reason) => {
    const pragma = (text: string) => {
      if (text.includes("NOOP")) return [{ log: 1000 }];
      throw new Database.SqliteError("as the disk would", code);
    };
    const failing = { name: "the-file", open: true, pragma } as unknown as Database.Database;
    if (reason === undefined) shortenLog(failing);
    else expect(thrownBy(() => shortenLog(failing))).toMatchObject({ reason });
  });

  it("tells of a failure that nobody has asked for", async () => {
    const failures: StoreError[] = [];
    const failure = '{ reason: "outcome-unknown", message: "checkpoint failed" }';
    const store = await openStore(newFile(), {
      workerUrl: threadThat(`
        parentPort.postMessage({ id: request.id, result: "first" });
        parentPort.postMessage({ id: -1, failure: ${failure} })`),
      onFailure: (error) => failures.push(error),
    });
    expect(await store.load()).toBe("first");
    await expect(store.load()).rejects.toThrow("checkpoint failed");
    expect(failures).toMatchObject([{ message: "checkpoint failed" }]);
    await store.close();
  });

  it("rejects everything as outcome-unknown, and tells, when the thread is lost", async () => {
    const failures: StoreError[] = [];
    const store = await openStore(newFile(), {
      workerUrl: threadThat("throw new Error('out of luck')"),
      onFailure: (error) => failures.push(error),
    });
    const unknown = { name: "StoreError", reason: "outcome-unknown" };
    const calls = [store.append(0, []), store.recordDeliveries([]), store.load()];
    for (const call of calls) await expect(call).rejects.toMatchObject(unknown);
    expect(failures).toMatchObject([{ ...unknown, message: expect.stringMatching(/out of luck/) }]);
    await expect(store.load()).rejects.toMatchObject(unknown);
    await store.close();
    expect(failures).toHaveLength(1);
  });

  it("takes no more calls after an outcome is unknown", async () => {
    const failures: StoreError[] = [];
    const failure = '{ reason: "outcome-unknown", message: "fsync failed" }';
    const store = await openStore(newFile(), {
      workerUrl: threadThat(`parentPort.postMessage({ id: request.id, failure: ${failure} })`),
      onFailure: (error) => failures.push(error),
    });
    const calls = [store.append(0, []), store.load()];
    for (const call of calls) await expect(call).rejects.toThrow("fsync failed");
    expect(failures).toHaveLength(1);
    await expect(store.load()).rejects.toThrow("fsync failed");
    await store.close();
  });

  it("refuses to open with a thread that ends", async () => {
    const workerUrl = new URL("data:text/javascript,process.exit(3)");
    await expect(openStore(newFile(), { workerUrl })).rejects.toThrow(/exit code 3/);
  });
});

/** A thread that opens at once and carries out `code` on each request. */
function threadThat(code: string): URL {
  const module = `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (request) => { ${code} });
    parentPort.postMessage({ id: 0, result: undefined });`;
  return new URL(`data:text/javascript,${encodeURIComponent(module)}`);
}

/** A connection that fails at one statement, as a disk would make it. */
function failingDatabase(statement: string, code: string): Database.Database {
  const exec = (sql: string) => {
    if (sql === statement) throw new Database.SqliteError("as the disk would", code);
  };
  return { name: "the-file", inTransaction: false, exec } as unknown as Database.Database;
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
