import { soundStateOf } from "../core/sound-state.ts";
import { CommitQueue } from "../operations/commit-queue.ts";
import { beginGeneration } from "../operations/generation.ts";
import { StartError } from "../start-error.ts";
import { openSqliteStore } from "../store/sqlite/open.ts";

export interface GenerationStart {
  readonly file: string;
  /** Of the backup, for the revision's reason. */
  readonly name: string;
  /** Of the database that is replaced. */
  readonly otherGeneration: number;
  readonly now: number;
  /** The compiled program of the store's thread. */
  readonly workerUrl: URL;
}

/**
 * Brings the file to the schema of this program, checks the tables in it as at a start, and begins
 * a generation that no storage server has heard of: one that has more than the backup would
 * otherwise be `ahead`, and one that has as much, of other content, would be believed.
 */
export async function startGenerationIn(
  options: GenerationStart,
): Promise<{ generation: number; revision: number }> {
  const { file, name, otherGeneration, now, workerUrl } = options;
  // The backup has a cluster, so this id is not used.
  const store = await openSqliteStore({ file, newClusterId: "restored", workerUrl });
  try {
    const found = soundStateOf(await store.load());
    if ("broken" in found) throw new StartError(`${name} is damaged: ${found.broken}`);
    const commits = new CommitQueue({
      store,
      state: found.state,
      now: () => now,
      onCommitted: () => undefined,
    });
    const caller = { actor: "restore" };
    const reason = `restored from ${name}`;
    const parts = { commits };
    const { state } = await beginGeneration(parts, caller, reason, otherGeneration);
    return { generation: state.generation, revision: state.revision };
  } finally {
    await store.close();
  }
}
