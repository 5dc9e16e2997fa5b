/** What must hold of each receiver's log, in words where it doesn't. */
import type { Position } from "../../src/core/delivery-record.ts";
import { type Knowledge, known, NOTHING_KNOWN } from "./knowledge.ts";
import type { Entry, SentMessage } from "./log.ts";

/** The content of each revision that was the head, as the service has committed it. */
export interface Committed {
  readonly digest: string;
  readonly rows: string;
}
export type CommittedAt = (position: Position) => Committed | undefined;

type Validator = (entries: readonly Entry[], committedAt: CommittedAt) => string | undefined;

export const VALIDATORS: Readonly<Record<string, Validator>> = {
  ordered,
  unique,
  atomic,
  "never backwards": neverBackwards,
  resumable,
};

/** The service never sends an older head after a newer one. */
function ordered(entries: readonly Entry[]): string | undefined {
  let last: Position = { generation: 0, revision: 0 };
  for (const { message } of entries.filter((entry) => entry.kind === "sent")) {
    if (isBefore(message, last)) return `${inWords(message)} was sent after ${at(last)}`;
    last = message;
  }
  return undefined;
}

/**
 * At most one message is in flight, what was acknowledged isn't sent again, and a receiver takes
 * no revision twice unless it held other content.
 */
function unique(entries: readonly Entry[], committedAt: CommittedAt): string | undefined {
  let inFlight: SentMessage | undefined;
  let applied: (Position & { digest?: string }) | undefined;
  for (const { entry, before } of withKnowledge(entries, committedAt)) {
    if (entry.kind === "registered" || entry.kind === "service began anew") inFlight = undefined;
    else if (entry.kind === "receiver began anew") applied = undefined;
    else if (entry.kind === "answered" && entry.message === inFlight) inFlight = undefined;
    else if (entry.kind === "applied") {
      const { position } = entry;
      const again = applied && isAt(applied, position) && applied.digest === position.digest;
      if (again) return `${at(position)} was applied twice`;
      applied = position;
    } else if (entry.kind === "sent") {
      const { message } = entry;
      if (inFlight) return `${inWords(message)} was sent while ${inWords(inFlight)} was in flight`;
      inFlight = message;
      const has = before.at && !before.differs && isAt(before.at, message);
      if (has && message.kind !== "settled") {
        return `${inWords(message)} was sent to a server that had acknowledged it`;
      }
    }
  }
  return undefined;
}

/** What a receiver has is always one committed revision, whole. */
function atomic(entries: readonly Entry[], committedAt: CommittedAt): string | undefined {
  for (const { position, rows } of entries.filter((entry) => entry.kind === "applied")) {
    const committed = committedAt(position);
    if (!committed) return `${at(position)} was applied, which was never the head`;
    if (committed.digest !== position.digest) return `${at(position)} has another digest`;
    if (committed.rows !== rows) return `${at(position)} is ${rows}, not ${committed.rows}`;
  }
  return undefined;
}

function neverBackwards(entries: readonly Entry[]): string | undefined {
  let last: Position = { generation: 0, revision: 0 };
  for (const entry of entries) {
    if (entry.kind !== "applied" && entry.kind !== "receiver began anew") continue;
    const { position } = entry;
    if (entry.kind === "applied" && isBefore(position, last)) {
      return `${at(position)} was applied after ${at(last)}`;
    }
    last = position;
  }
  return undefined;
}

/**
 * Each message begins where the receiver is known to be; the whole is sent only where nothing is
 * known, the content differs, or the history doesn't reach so far back.
 */
function resumable(entries: readonly Entry[], committedAt: CommittedAt): string | undefined {
  for (const { entry, before } of withKnowledge(entries, committedAt)) {
    if (entry.kind !== "sent") continue;
    const { message, floorRevision } = entry;
    const usable = before.at?.generation === message.generation && !before.differs;
    const from = usable ? before.at?.revision : undefined;
    const [words, where] = [inWords(message), before.at ? at(before.at) : "nothing known"];
    if (message.kind === "delta" && message.fromRevision !== from) {
      return `${words} was sent to a server at ${where}`;
    }
    if (message.kind === "settled" && message.revision !== from) {
      return `${words} was sent to a server at ${where}`;
    }
    if (message.kind === "snapshot" && from !== undefined && from >= floorRevision) {
      return `${words} was sent to a server at ${where}, with the history from ${floorRevision}`;
    }
  }
  return undefined;
}

/** Each entry with what was known before it; answers to former registrations count for nothing. */
function* withKnowledge(
  entries: readonly Entry[],
  committedAt: CommittedAt,
): IterableIterator<{ entry: Entry; before: Knowledge }> {
  let before = NOTHING_KNOWN;
  let waiting: SentMessage | undefined;
  for (const entry of entries) {
    yield { entry, before };
    if (entry.kind === "sent") waiting = entry.message;
    if (entry.kind === "registered") waiting = undefined;
    if (entry.kind === "answered" && entry.message !== waiting) continue;
    before = known(before, entry, (position) => committedAt(position)?.digest);
  }
}

function isBefore(one: Position, other: Position): boolean {
  if (one.generation !== other.generation) return one.generation < other.generation;
  return one.revision < other.revision;
}

function isAt(one: Position, other: Position): boolean {
  return one.generation === other.generation && one.revision === other.revision;
}

const at = ({ generation, revision }: Position) => `revision ${generation}.${revision}`;

function inWords({ kind, generation, fromRevision, revision }: SentMessage): string {
  const from = fromRevision === undefined ? "" : ` from ${fromRevision}`;
  return `the ${kind}${from} to ${generation}.${revision}`;
}
