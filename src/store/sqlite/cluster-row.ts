import type Database from "better-sqlite3";
import type { StateRecords } from "../../core/stored-state.ts";
import { rowCodec, type SqlRow } from "./columns.ts";
import { historyBytes } from "./history-bytes.ts";
import type { PackedAppend } from "./protocol.ts";

type Head = Pick<
  StateRecords,
  | "clusterId"
  | "generation"
  | "revision"
  | "distributedRevision"
  | "linkAssignmentsRevision"
  | "digest"
>;

const CODEC = rowCodec<Head>({
  clusterId: "cluster_id",
  generation: "generation",
  revision: "revision",
  distributedRevision: "distributed_revision",
  linkAssignmentsRevision: "link_assignments_revision",
  digest: "digest",
});

/** Which revisions can be read. */
interface Bounds {
  readonly floorRevision: number;
  /** The head. */
  readonly revision: number;
  /** About how much the revisions from the floor on take. */
  readonly historyBytes: number;
}

/** The head's figures, and the floor of the history. */
export class ClusterRow {
  readonly #read: Database.Statement<[], SqlRow>;
  readonly #bounds: Database.Statement<[], Bounds>;
  readonly #raiseFloor: Database.Statement<{ floor: number }>;
  readonly #advance: Database.Statement;

  constructor(database: Database.Database) {
    this.#read = database
      .prepare<[], SqlRow>(`SELECT ${CODEC.columns.join(", ")} FROM cluster`)
      .raw(true);
    this.#bounds = database.prepare(
      `SELECT floor_revision AS floorRevision, revision, history_bytes AS historyBytes
       FROM cluster`,
    );
    this.#raiseFloor = database.prepare(
      `UPDATE cluster SET floor_revision = @floor, history_bytes = history_bytes - (
         SELECT coalesce(sum(history_bytes), 0) FROM revisions
         WHERE revision >= floor_revision AND revision < @floor)`,
    );
    this.#advance = database.prepare(
      `UPDATE cluster SET generation = coalesce(?, generation), revision = ?,
         distributed_revision = ?, link_assignments_revision = ?, digest = ?,
         history_bytes = history_bytes + ?`,
    );
  }

  read(): Head {
    const head = CODEC.fromRow(this.#read.get()!);
    // A Buffer would be equal to no digest that the core has made.
    return { ...head, digest: Uint8Array.from(head.digest) };
  }

  bounds(): Bounds {
    return this.#bounds.get()!;
  }

  /** Whether a revision is neither below the floor nor beyond the head. */
  keeps(revision: number): boolean {
    const { floorRevision, revision: head } = this.bounds();
    return floorRevision <= revision && revision <= head;
  }

  raiseFloor(floor: number): void {
    this.#raiseFloor.run({ floor });
  }

  advance(entry: PackedAppend): void {
    const { distributedRevision, linkAssignmentsRevision, digest } = entry;
    const { generation = null } = entry.changes;
    const bytes = historyBytes(entry.changes);
    const figures = [distributedRevision, linkAssignmentsRevision, digest, bytes];
    this.#advance.run(generation, entry.heading.revision, ...figures);
  }
}
