import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/store/sqlite/open.ts";
import type { Store } from "../../src/store/store.ts";
import { CLUSTER_ID, type StoreLocation } from "./bench.ts";

/** Node 20 can't run TypeScript in a thread; the global set-up has compiled it. */
export const WORKER_URL = new URL("../../dist/store/sqlite/worker.js", import.meta.url);

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "evenkeel-store-"));
}

/** A path in a directory that is removed after the test. */
export function newFile(): string {
  const directory = newDirectory();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "cluster.sqlite");
}

export function openStore(file: string, options?: Partial<SqliteStoreOptions>): Promise<Store> {
  return openSqliteStore({ file, newClusterId: CLUSTER_ID, workerUrl: WORKER_URL, ...options });
}

export async function newSqliteLocation(
  options?: Partial<SqliteStoreOptions>,
): Promise<StoreLocation> {
  const directory = newDirectory();
  return {
    open: () => openStore(join(directory, "cluster.sqlite"), options),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  };
}
