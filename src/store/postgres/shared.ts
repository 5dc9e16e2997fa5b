/** How several processes work together on one database. */
import type { LedgerWrite, SharedStore } from "../shared-store.ts";
import type { Calls } from "./calls.ts";
import type { Database } from "./database.ts";
import { putDeliveries } from "./deliveries.ts";
import { lockHead } from "./head.ts";
import { forgetHeard, putHeard } from "./heard.ts";
import type { Hints } from "./hints.ts";
import { holdLease, keepTerm, releaseLease } from "./lease.ts";
import { lookInto } from "./look.ts";
import { converge } from "./revisions.ts";
import type { Session } from "./session.ts";

export interface SharedParts {
  readonly database: Database;
  readonly hints: Hints;
  readonly calls: Calls;
}

export function sharedStoreOn({ database, hints, calls }: SharedParts): SharedStore {
  const hinting = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = await calls.run(work);
    hints.send();
    return result;
  };
  return {
    look: (known) => calls.run(() => lookInto(database, known)),
    hold: (wanted) => calls.run(() => database.statement((session) => holdLease(session, wanted))),
    release: (term) => hinting(() => database.statement((session) => releaseLease(session, term))),
    hear: (heard) => hinting(() => database.statement((session) => putHeard(session, heard))),
    recordUnder: (term, write) =>
      hinting(() => database.transaction((session) => recordUnder(session, term, write))),
    onHint: (hint) => hints.onHint(hint),
  };
}

/**
 * The head is locked first, as by every write to the ledger, and for as long as others append; the
 * lease only then, so that nobody waits long to renew it.
 */
async function recordUnder(
  session: Session,
  term: number,
  { records, converged, taken }: LedgerWrite,
): Promise<"recorded" | "superseded"> {
  await lockHead(session);
  if (!(await keepTerm(session, term))) return "superseded";
  await putDeliveries(session, records);
  if (converged) await converge(session, converged);
  await forgetHeard(session, taken);
  return "recorded";
}
