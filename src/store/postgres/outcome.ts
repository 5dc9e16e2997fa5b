/** What became of an append whose answer was lost. */

import type { Batch } from "./append.ts";
import type { Database } from "./database.ts";
import { lockHead } from "./head.ts";
import { appendIdOf } from "./revisions.ts";

/**
 * Looks whether the batch is in the store. The lock on the head is free only when the lost
 * transaction has ended, so what is seen then stays. `unknown`: its revisions are pruned already.
 */
export function outcomeOf(
  database: Database,
  { appendId, entries }: Batch,
): Promise<"committed" | "conflict" | "unknown"> {
  return database.transaction(async (session) => {
    const last = entries.at(-1)!.heading.revision;
    const { revision: head } = await lockHead(session);
    if (head < last) return "conflict";
    const found = await appendIdOf(session, last);
    if (found === undefined) return "unknown";
    return found === appendId ? "committed" : "conflict";
  });
}
