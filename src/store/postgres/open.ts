import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { buffersOf } from "../handed-over.ts";
import type { Append, AppendOutcome } from "../revisions.ts";
import type { Store } from "../store.ts";
import { StoreError } from "../store-error.ts";
import { append, type Batch } from "./append.ts";
import { addAudit, forgetAudit, pageOfAudit } from "./audit.ts";
import { beginCluster, verifyDatabase } from "./begin.ts";
import { Calls } from "./calls.ts";
import { Database } from "./database.ts";
import { allDeliveries, putDeliveries } from "./deliveries.ts";
import { Collision } from "./failures.ts";
import { readBounds, readHead } from "./head.ts";
import { Hints } from "./hints.ts";
import { differencesBetween, headRecords, newsSince, revisionDetails } from "./history.ts";
import { keptCall, putCalls } from "./idempotency.ts";
import { allLoads, putLoads } from "./loads.ts";
import { allLosses } from "./losses.ts";
import { migrateDatabase, POSTGRES_MIGRATIONS } from "./migrate.ts";
import { outcomeOf } from "./outcome.ts";
import { ownersOf, rangesAt, tablesAt } from "./past.ts";
import { Pruner } from "./prune.ts";
import { addRebalance, movesOf, pageOfRebalances, rebalanceOf } from "./rebalances.ts";
import { converge, headingsOf, pageOfRevisions } from "./revisions.ts";
import type { Session } from "./session.ts";
import { sharedStoreOn } from "./shared.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`. */
  readonly url: string;
  /** Given to a cluster that begins with this database. */
  readonly newClusterId: string;
  readonly migrationsDirectory?: string | undefined;
  /** How long to wait before each further look at what became of a lost append. */
  readonly lookPausesMs?: readonly number[] | undefined;
}

/** A database that is restarted, or handed over to its standby, is there again by the last look. */
const LOOK_PAUSES_MS = [200, 400, 800, 1600, 3200];

/** Opens, or begins, a store in a database. Throws a `StoreError` where that cannot be done. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const database = new Database(options.url);
  try {
    await verifyDatabase(database);
    await migrateDatabase(database, options.migrationsDirectory ?? POSTGRES_MIGRATIONS);
    await beginCluster(database, options.newClusterId);
  } catch (error) {
    await database.close();
    throw error;
  }
  const lookPausesMs = options.lookPausesMs ?? LOOK_PAUSES_MS;
  return storeOn({ database, hints: new Hints(options.url), lookPausesMs });
}

interface StoreParts {
  readonly database: Database;
  readonly hints: Hints;
  readonly lookPausesMs: readonly number[];
}

function storeOn({ database, hints, lookPausesMs }: StoreParts): Store {
  const calls = new Calls();
  const pruner = new Pruner(database);
  let closed: Promise<void> | undefined;
  type Work<Result> = (session: Session) => Promise<Result>;
  const one = <Result>(work: Work<Result>) => calls.run(() => database.statement(work));
  const read = <Result>(work: Work<Result>) => calls.run(() => database.snapshot(work));
  const write = <Result>(work: Work<Result>) => calls.run(() => database.transaction(work));
  return {
    isShared: true,
    shared: sharedStoreOn({ database, hints, calls }),
    load: () => read(headRecords),
    append: async (baseRevision, entries) => {
      const batch = { appendId: randomUUID(), baseRevision, entries: takenOver(entries) };
      const outcome = await calls.inTurn(() => appendTo(database, batch, lookPausesMs));
      if (outcome === "committed" && entries.length > 0) hints.send();
      return outcome;
    },
    news: (since) => read((session) => newsSince(session, since)),
    changesBetween: (from, to) => read((session) => differencesBetween(session, from, to)),
    revisions: (page) => one((session) => pageOfRevisions(session, page)),
    headings: (revisions) => one((session) => headingsOf(session, revisions)),
    revision: (revision) => read((session) => revisionDetails(session, revision)),
    floorRevision: () => one(async (session) => (await readBounds(session)).floorRevision),
    tablesAt: (revision) => read((session) => tablesAt(session, revision)),
    rangesAt: (revision, page) => read((session) => rangesAt(session, revision, page)),
    ownersOf: (address, page) => read((session) => ownersOf(session, address, page)),
    prune: (limits, rowsMax, now) => calls.run(() => pruner.step(limits, rowsMax, now)),
    deliveries: () => one(allDeliveries),
    addressLosses: () => one(allLosses),
    recordLoads: (loads) => write((session) => putLoads(session, loads)),
    loads: () => one(allLoads),
    recordDeliveries: (records, converged) =>
      write(async (session) => {
        await putDeliveries(session, records);
        if (converged) await converge(session, converged);
      }),
    saveRebalance: (rebalance) => write((session) => addRebalance(session, rebalance)),
    rebalance: (id) => one((session) => rebalanceOf(session, id)),
    rebalances: (page) => one((session) => pageOfRebalances(session, page)),
    rebalanceMoves: (id, page) => one((session) => movesOf(session, id, page)),
    recordAudit: (entries) =>
      write(async (session) => {
        await addAudit(session, entries);
        await forgetAudit(session);
      }),
    audit: (page) => one((session) => pageOfAudit(session, page)),
    keepAnswer: (call, revision, answer) =>
      write((session) => putCalls(session, [{ call, revision, answer }])),
    idempotentCall: (callSha256) => one((session) => keptCall(session, callSha256)),
    close: () => {
      closed ??= calls
        .close()
        .then(() => hints.close())
        .then(() => database.close());
      return closed;
    },
  };
}

/** As the port promises: whoever handed them over has nothing left of their columns. */
function takenOver(entries: readonly Append[]): Append[] {
  const columns = entries.map(({ changes }) => changes.maps);
  const own = structuredClone(columns, { transfer: buffersOf(entries) });
  return entries.map((entry, i) => ({ ...entry, changes: { ...entry.changes, maps: own[i]! } }));
}

async function appendTo(
  database: Database,
  batch: Batch,
  lookPausesMs: readonly number[],
): Promise<AppendOutcome> {
  if (batch.entries.length === 0) {
    const { revision } = await database.statement(readHead);
    return revision === batch.baseRevision ? "committed" : "conflict";
  }
  try {
    return await database.transactionOnce((session) => append(session, batch));
  } catch (error) {
    // Whoever it met may have taken the revision.
    if (error instanceof Collision) return "conflict";
    if (!(error instanceof StoreError) || error.reason !== "outcome-unknown") throw error;
    return lookedUp(database, batch, { lost: error, lookPausesMs });
  }
}

async function lookedUp(
  database: Database,
  batch: Batch,
  { lost, lookPausesMs }: { lost: StoreError; lookPausesMs: readonly number[] },
): Promise<"committed" | "conflict"> {
  for (const pauseMs of [0, ...lookPausesMs]) {
    await pause(pauseMs);
    try {
      const outcome = await outcomeOf(database, batch);
      if (outcome !== "unknown") return outcome;
      break;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
  throw lost;
}
