/** How a process follows what others write: a glance at what there is, and then what is new. */
import { HEAD, type Head } from "../rows/records.ts";
import type { Known, Look } from "../shared-store.ts";
import type { Database } from "./database.ts";
import { deliveriesSince } from "./deliveries.ts";
import { allHeard } from "./heard.ts";
import { headRecords, newsSince } from "./history.ts";
import { lossesSince } from "./losses.ts";
import type { Session } from "./session.ts";

interface Glance extends Pick<Look, "floorRevision" | "ledgerVersion" | "term"> {
  readonly head: Head;
  readonly isHeard: boolean;
}

/** Mostly nothing is new, which one statement tells. */
export async function lookInto(database: Database, known: Known): Promise<Look> {
  const glance = await database.statement(glanceOf);
  if (!isNews(glance, known)) return { ...glance, ...NOTHING };
  return database.snapshot(async (session) => {
    const now = await glanceOf(session);
    const { head, ledgerVersion, isHeard } = now;
    return {
      ...now,
      news: head.revision > known.revision ? await newsFrom(session, known.revision) : undefined,
      deliveries:
        ledgerVersion > known.ledgerVersion
          ? await deliveriesSince(session, known.ledgerVersion)
          : [],
      losses:
        head.revision > known.lossesRevision
          ? await lossesSince(session, known.lossesRevision)
          : [],
      heard: isHeard ? await allHeard(session) : [],
    };
  });
}

const NOTHING = { news: undefined, deliveries: [], losses: [], heard: [] } as const;

function isNews({ head, ledgerVersion, isHeard }: Glance, known: Known): boolean {
  const { revision } = head;
  return (
    isHeard ||
    revision > known.revision ||
    revision > known.lossesRevision ||
    ledgerVersion > known.ledgerVersion
  );
}

async function newsFrom(session: Session, revision: number): Promise<Look["news"]> {
  return (await newsSince(session, revision)) ?? (await headRecords(session));
}

const GLANCE = `SELECT floor_revision, ledger_version,
  (SELECT term FROM distribution_lease), EXISTS (SELECT 1 FROM heard),
  ${HEAD.columns.join(", ")} FROM cluster`;

async function glanceOf(session: Session): Promise<Glance> {
  const { rows } = await session.query(GLANCE);
  const [floorRevision, ledgerVersion, term, isHeard, ...head] = rows[0]!;
  return { floorRevision, ledgerVersion, term, isHeard, head: HEAD.fromRow(head) };
}
