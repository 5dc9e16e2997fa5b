import { MoveList } from "../../core/rebalance/move-list.ts";
import type { Store } from "../store.ts";
import type { StoreError } from "../store-error.ts";
import { packRebalance, packToStore } from "./packed-rebalance.ts";
import type { WorkerData } from "./protocol.ts";
import { RemoteEngine } from "./remote.ts";

export interface SqliteStoreOptions extends WorkerData {
  /** The compiled `worker.js`; by default the one beside this module. */
  readonly workerUrl?: URL | undefined;
  /**
   * Told once when the store has failed for good (`outcome-unknown`): it takes no more calls, and
   * what it has kept is known only after opening it again.
   */
  readonly onFailure?: ((error: StoreError) => void) | undefined;
}

/** Opens, or begins, a store in one file. Throws a `StoreError` where that cannot be done. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { workerUrl, onFailure, ...data } = options;
  const url = workerUrl ?? new URL("./worker.js", import.meta.url);
  const engine = new RemoteEngine(url, data, onFailure ?? (() => {}));
  try {
    await engine.opened;
  } catch (error) {
    await engine.close();
    throw error;
  }
  return storeOn(engine);
}

function storeOn(engine: RemoteEngine): Store {
  return {
    isShared: false,
    load: () => engine.call("load"),
    append: (baseRevision, entries) =>
      engine.call(
        "append",
        baseRevision,
        entries.map(({ rebalance, ...entry }) => ({
          ...entry,
          rebalance: rebalance && packToStore(rebalance),
        })),
      ),
    news: (since) => engine.call("news", since),
    changesBetween: (from, to) => engine.call("changesBetween", from, to),
    revisions: (page) => engine.call("revisions", page),
    headings: (revisions) => engine.call("headings", revisions),
    revision: (revision) => engine.call("revision", revision),
    floorRevision: () => engine.call("floorRevision"),
    tablesAt: (revision) => engine.call("tablesAt", revision),
    rangesAt: (revision, page) => engine.call("rangesAt", revision, page),
    ownersOf: (address, page) => engine.call("ownersOf", address, page),
    prune: (limits, rowsMax, now) => engine.call("prune", limits, rowsMax, now),
    deliveries: () => engine.call("deliveries"),
    addressLosses: () => engine.call("addressLosses"),
    recordLoads: (loads) => engine.call("recordLoads", loads),
    loads: () => engine.call("loads"),
    recordDeliveries: (records, converged) =>
      engine.call("recordDeliveries", JSON.stringify(records), converged),
    saveRebalance: (rebalance) => engine.call("saveRebalance", packRebalance(rebalance)),
    rebalance: (id) => engine.call("rebalance", id),
    rebalances: (page) => engine.call("rebalances", page),
    rebalanceMoves: async (id, page) => new MoveList(await engine.call("rebalanceMoves", id, page)),
    recordAudit: (entries) => engine.call("recordAudit", entries),
    keepAnswer: (call, revision, answer) => engine.call("keepAnswer", call, revision, answer),
    idempotentCall: (callSha256) => engine.call("idempotentCall", callSha256),
    audit: (page) => engine.call("audit", page),
    copyTo: (file) => engine.call("copyTo", file),
    close: () => engine.close(),
  };
}
