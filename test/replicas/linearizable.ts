/**
 * Whether what writers and readers were answered can have come from one register of links that
 * changes at one revision after another: the log of the store tells the order, and everybody's
 * answers must agree with it. Writes must agree with time, too; a read shows what is not older
 * than it asked for, which is all that a replica promises.
 */

/** Times are counted, so no two are the same. */
interface Called {
  readonly key: string;
  readonly invoked: number;
  /** Of what is unknown: when it was given up. */
  readonly returned: number;
}

/** A change of `key` to `value`, made from its version `match`. */
export interface WriteCall extends Called {
  readonly kind: "write";
  readonly value: string;
  readonly match: number;
  readonly outcome: { readonly revision: number } | "stale" | "unknown";
}

/** A read from revision `min` on; answered at the head `head`, with the version of `key` there. */
export interface ReadCall extends Called {
  readonly kind: "read";
  readonly min: number;
  readonly head: number;
  readonly value: string;
  readonly version: number;
}

export type Recorded = WriteCall | ReadCall;

/** The store's own log: all revisions, and what those that changed a key have made of it. */
export interface Log {
  readonly revisions: readonly number[];
  readonly changes: readonly {
    readonly revision: number;
    readonly key: string;
    readonly value: string;
  }[];
}

/** What is wrong, in words. */
export function mistakesIn(calls: readonly Recorded[], log: Log): string[] {
  const writes = calls.filter((call) => call.kind === "write");
  const reads = calls.filter((call) => call.kind === "read");
  return [
    ...gapsIn(log.revisions),
    ...writes.flatMap((write) => mistakesOfWrite(write, log, writes)),
    ...writesInUnknown(writes, log),
    ...outOfOrder(calls, log),
    ...reads.flatMap((read) => mistakesOfRead(read, log)),
  ];
}

/** No revision is skipped or used twice. */
function gapsIn(revisions: readonly number[]): string[] {
  return revisions.flatMap((revision, i) =>
    revision === i + 1 ? [] : [`revision ${revision} stands where ${i + 1} belongs`],
  );
}

function mistakesOfWrite(
  write: WriteCall,
  { changes }: Log,
  writes: readonly WriteCall[],
): string[] {
  const { key, value, match, outcome } = write;
  const told = `${key} := ${value} from ${match}`;
  const ofKey = changes.filter((change) => change.key === key);
  const made = ofKey.filter((change) => change.value === value);
  if (made.length > 1) return [`${told} was done ${made.length} times`];
  const [done] = made;
  if (outcome === "stale") {
    if (done) return [`${told} was refused, and done in ${done.revision}`];
    const isInTime = (change: { value: string }) =>
      writes.some((other) => other.value === change.value && other.invoked < write.returned);
    // Whoever made it stale had begun by then.
    const isStale = ofKey.some((change) => change.revision > match && isInTime(change));
    return isStale ? [] : [`${told} was not stale`];
  }
  if (outcome === "unknown") return done ? lostUpdates(told, done.revision, match, ofKey) : [];
  if (done?.revision !== outcome.revision) {
    return [`${told} was acknowledged in ${outcome.revision}, and stands in ${done?.revision}`];
  }
  return lostUpdates(told, done.revision, match, ofKey);
}

/** Nothing may have come between the version that a change was made from and the change. */
function lostUpdates(
  told: string,
  revision: number,
  match: number,
  ofKey: Log["changes"],
): string[] {
  if (!ofKey.some((other) => other.revision === match)) {
    return [`${told} in ${revision} was made from what never was`];
  }
  const between = ofKey.filter((other) => other.revision > match && other.revision < revision);
  return between.map((other) => `${told} in ${revision} has overwritten ${other.revision}`);
}

/** Whatever stands in the log was asked for. */
function writesInUnknown(writes: readonly WriteCall[], { changes }: Log): string[] {
  const asked = new Set(writes.map(({ key, value }) => `${key} := ${value}`));
  return changes.flatMap(({ revision, key, value }) =>
    value === "" || asked.has(`${key} := ${value}`)
      ? []
      : [`nobody has asked for ${key} := ${value} of ${revision}`],
  );
}

/** A write takes a revision above every one that anybody had been told of when it was asked for. */
function outOfOrder(calls: readonly Recorded[], { changes }: Log): string[] {
  const told = calls.flatMap((call) => {
    if (call.kind === "read") return { call, revision: call.head, returned: call.returned };
    if (typeof call.outcome === "object") {
      return { call, revision: call.outcome.revision, returned: call.returned };
    }
    // Nobody was told of it, and yet it may be there.
    const done = changes.find(({ key, value }) => key === call.key && value === call.value);
    return done ? { call, revision: done.revision, returned: Number.POSITIVE_INFINITY } : [];
  });
  // A read that tells of the write's own revision comes first: it must not have come before it.
  const reads = ({ call }: { call: Recorded }) => Number(call.kind === "read");
  told.sort((a, b) => b.revision - a.revision || reads(b) - reads(a));
  const mistakes: string[] = [];
  let firstReturned = Number.POSITIVE_INFINITY;
  for (const { call, revision, returned } of told) {
    if (call.kind === "write" && firstReturned < call.invoked) {
      mistakes.push(`${call.key} := ${call.value} took ${revision}, below one that was told`);
    }
    firstReturned = Math.min(firstReturned, returned);
  }
  return mistakes;
}

function mistakesOfRead(
  { key, min, head, value, version }: ReadCall,
  { changes, revisions }: Log,
): string[] {
  const told = `${key} was read at ${head} as ${value} of ${version}`;
  const last = changes.findLast((change) => change.key === key && change.revision <= head);
  return [
    ...(head > revisions.length ? [`${told}, and the log ends before`] : []),
    ...(head < min ? [`${told}, and asked for from ${min} on`] : []),
    ...(last?.revision === version && last.value === value
      ? []
      : [`${told}, and was ${last?.value} of ${last?.revision}`]),
  ];
}
