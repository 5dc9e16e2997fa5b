/** From a decision to what the store keeps of it. */
import { setImmediate as letOthersRun } from "node:timers/promises";
import {
  changesInSteps,
  countChanges,
  isEmpty,
  type MapChange,
  sealInSteps,
} from "../core/changes.ts";
import { checkChanges } from "../core/check.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import type { Digest } from "../core/digest.ts";
import { invariant } from "../core/errors.ts";
import { lossesBetween } from "../core/losses.ts";
import type { Append } from "../store/revisions.ts";
import { withPauses } from "../threads/pauses.ts";
import type { Command, Decision } from "./commit-queue.ts";

/** A change of a larger A2C table than this is worked out with pauses. */
const LARGE_ROWS_MIN = 10_000;

/** What the rows of changed maps do to the digest. */
export type DigestOf = (maps: readonly MapChange[]) => Promise<Digest>;

interface Decided extends Pick<Decision<unknown>, "rebalance"> {
  readonly command: Command<unknown>;
  readonly at: number;
  readonly digestOf: DigestOf;
}

/** The store's entry for a decision; nothing when it changes nothing. */
export async function appendOf(
  before: ClusterState,
  decided: ClusterState,
  { command, at, rebalance, digestOf }: Decided,
): Promise<{ append: Append; sealed: ClusterState } | undefined> {
  const isLarge = before.volumes !== decided.volumes && rowsIn(decided) > LARGE_ROWS_MIN;
  const pause = async () => {
    if (isLarge) await letOthersRun();
  };
  await pause();
  const changes = await withPauses(changesInSteps(before, decided));
  if (isEmpty(changes)) return undefined;
  await pause();
  const ofMaps = await digestOf(changes.maps);
  const sealed = await withPauses(sealInSteps(before, decided, changes, ofMaps));
  await pause();
  const broken = checkChanges(before, sealed, changes);
  invariant(broken.length === 0, broken.join("; "));
  await pause();
  const changed = countChanges(changes);
  await pause();
  const { kind, actor, reason } = command;
  const append: Append = {
    heading: { revision: sealed.revision, at, actor, reason, kind, changed },
    changes,
    digest: sealed.digest,
    distributedRevision: sealed.distributedRevision,
    linkAssignmentsRevision: sealed.linkAssignmentsRevision,
    losses: lossesBetween(before, sealed),
    call: command.call,
    idempotent: command.idempotent,
    rebalance,
  };
  return { append, sealed };
}

/** Of the whole A2C table. */
function rowsIn({ volumes }: ClusterState): number {
  let rows = 0;
  for (const { map } of volumes.values()) rows += map.rangeCount;
  return rows;
}
