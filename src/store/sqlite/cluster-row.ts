import type Database from "better-sqlite3";
import type { StateRecords } from "../../core/stored-state.ts";
import { rowCodec, type SqlRow } from "./columns.ts";
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

/** The head's figures. */
export class ClusterRow {
  readonly #read: Database.Statement<[], SqlRow>;
  readonly #advance: Database.Statement;

  constructor(database: Database.Database) {
    this.#read = database
      .prepare<[], SqlRow>(`SELECT ${CODEC.columns.join(", ")} FROM cluster`)
      .raw(true);
    this.#advance = database.prepare(
      `UPDATE cluster SET generation = coalesce(?, generation), revision = ?,
         distributed_revision = ?, link_assignments_revision = ?, digest = ?`,
    );
  }

  read(): Head {
    const head = CODEC.fromRow(this.#read.get()!);
    // A Buffer would be equal to no digest that the core has made.
    return { ...head, digest: Uint8Array.from(head.digest) };
  }

  advance(entry: PackedAppend): void {
    const { distributedRevision, linkAssignmentsRevision, digest } = entry;
    const { generation = null } = entry.changes;
    const figures = [distributedRevision, linkAssignmentsRevision, digest];
    this.#advance.run(generation, entry.heading.revision, ...figures);
  }
}
