import type Database from "better-sqlite3";
import type { AuditEntry, AuditPage, AuditRecord } from "../calls.ts";
import type { SqlRow } from "../rows/columns.ts";
import { AUDIT, AUDIT_KEPT_MAX } from "../rows/records.ts";

const COLUMNS = AUDIT.columns.join(", ");
const PLACES = AUDIT.columns.map(() => "?").join(", ");

type AnyPage = { [Name in keyof Required<AuditPage>]: AuditPage[Name] | null };

/** What was done and denied, newest last. */
export class AuditRows {
  readonly #add: Database.Statement;
  readonly #forget: Database.Statement<[kept: number]>;
  readonly #page: Database.Statement<[AnyPage], SqlRow>;

  constructor(database: Database.Database) {
    this.#add = database.prepare(`INSERT INTO audit (${COLUMNS}) VALUES (${PLACES})`);
    this.#forget = database.prepare(
      "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?",
    );
    this.#page = database
      .prepare<[AnyPage], SqlRow>(
        `SELECT id, ${COLUMNS} FROM audit
         WHERE (@before IS NULL OR id < @before) AND (@actor IS NULL OR actor = @actor)
           AND (@since IS NULL OR at >= @since) AND (@until IS NULL OR at < @until)
         ORDER BY id DESC LIMIT @limit`,
      )
      .raw(true);
  }

  add(entry: AuditEntry): void {
    this.#add.run(...AUDIT.toRow(entry));
  }

  /** The oldest go where there are more than are kept. */
  forget(): void {
    this.#forget.run(AUDIT_KEPT_MAX);
  }

  page({ limit, before, actor, since, until }: AuditPage): AuditRecord[] {
    const page = {
      ...{ limit, before: before ?? null, actor: actor ?? null },
      ...{ since: since ?? null, until: until ?? null },
    };
    return this.#page.all(page).map(([id, ...row]) => ({
      id: id as number,
      ...AUDIT.fromRow(row as SqlRow),
    }));
  }
}
