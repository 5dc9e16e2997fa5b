/**
 * Moves a store from a file into PostgreSQL, whole: history, plans, audit and delivery state. It
 * is one transaction, so an interrupted move leaves nothing; and it ends with a generation that no
 * storage server has heard of, since the old store may have been written to by mistake meanwhile.
 */
import type { ClusterState } from "../core/cluster-state.ts";
import { formatDigest } from "../core/digest.ts";
import { soundStateOf } from "../core/sound-state.ts";
import type { StateRecords } from "../core/stored-state.ts";
import { CommitQueue } from "../operations/commit-queue.ts";
import { beginGeneration } from "../operations/generation.ts";
import { StartError } from "../start-error.ts";
import { fillDatabase } from "../store/postgres/fill.ts";
import { openWholeStore } from "../store/sqlite/whole.ts";

export interface Move {
  /** A SQLite file, which no service has open. */
  readonly from: string;
  /** The address of an empty PostgreSQL database. */
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Moved {
  readonly rows: number;
  readonly generation: number;
  readonly revision: number;
  /** Of the tables, as it was and is. */
  readonly digest: string;
}

export async function migrateStore({ from, to, now }: Move): Promise<Moved> {
  const source = openWholeStore(from);
  try {
    const before = soundState(source.load(), from);
    let after = before;
    const rows = await fillDatabase({
      url: to,
      rowsOf: (table) => source.rowsOf(table),
      beforeCommit: async (records, store) => {
        const state = soundState(records, "what was moved");
        if (formatDigest(state.digest) !== formatDigest(before.digest)) {
          throw new StartError("what was moved has another digest: nothing is kept of it");
        }
        const commits = new CommitQueue({ store, state, now: () => now, onCommitted: () => {} });
        const reason = "the store was moved to another engine";
        const begun = await beginGeneration({ commits }, { actor: "migrate-store" }, reason);
        after = begun.state;
      },
    });
    const { generation, revision, digest } = after;
    return { rows, generation, revision, digest: formatDigest(digest) };
  } finally {
    source.close();
  }
}

function soundState(records: StateRecords, name: string): ClusterState {
  const found = soundStateOf(records);
  if ("state" in found) return found.state;
  throw new StartError(`${name} is damaged: ${found.broken}`);
}
