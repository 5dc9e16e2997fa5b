/**
 * Bodies of messages, built once per step and shared by all servers that take it. Everybody is
 * sent to the head, so when the head moves, what was built for the one before is let go.
 */
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { ClusterState } from "../core/cluster-state.ts";
import type { SentUpdate } from "../core/delivery-answers.ts";
import type { Step } from "../core/delivery-state.ts";
import { deltaMessage, encodeUpdate, type TablesUpdate } from "../core/delta.ts";
import { formatDigest } from "../core/digest.ts";
import type { DistributedChanges } from "../core/distributed-changes.ts";
import { settledMessage, snapshotReference } from "../core/notices.ts";
import { rangeCount } from "../core/ranges.ts";
import type { Store } from "../store/store.ts";
import { type Snapshot, Snapshots } from "./snapshots.ts";

/** Different steps to one head that are kept: servers are rarely at more places than a few. */
const STEPS_MAX = 32;
/** So many rows take a mebibyte, and a delta of no more is always pushed. */
const DELTA_ROWS_MIN = 10_000;

export interface Message {
  readonly body: Uint8Array;
  readonly sent: SentUpdate;
}

/** The message as it is while so much is settled. */
type BuiltMessage = (settledRevision: number) => Message;

export interface MessagesParts {
  readonly store: Pick<Store, "changesBetween">;
  /** How storage servers reach this service, without a slash at the end. */
  readonly publicUrl: () => Promise<string>;
  /** Other processes serve the snapshots that this one names. */
  readonly snapshotsElsewhere?: boolean;
}

export class Messages {
  readonly #parts: MessagesParts;
  readonly snapshots = new Snapshots();
  #head = "";
  #built = new Map<string, Promise<BuiltMessage>>();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /**
   * The message for a step to the head of `state`, which is the head now, with what is settled
   * now. Of what was built before, only the heading is written anew where more is settled since:
   * who is told with the tables is not sent a message of its own for it.
   */
  async messageFor(state: ClusterState, step: Step, settledRevision: number): Promise<Message> {
    const head = `${state.generation}.${state.distributedRevision}`;
    if (head !== this.#head) [this.#head, this.#built] = [head, new Map()];
    const key = keyOf(step);
    const steps = this.#built;
    const built = steps.get(key) ?? this.#build(state, step, settledRevision);
    // The step used last stands last, so that the first one is the one to let go.
    steps.delete(key);
    steps.set(key, built);
    for (const oldest of steps.keys()) if (steps.size > STEPS_MAX) steps.delete(oldest);
    built.catch(() => steps.delete(key));
    return (await built)(settledRevision);
  }

  async #build(state: ClusterState, step: Step, settledRevision: number): Promise<BuiltMessage> {
    const { generation } = state;
    const sent = { ...step, generation, digest: formatDigest(state.digest), settledRevision };
    switch (step.kind) {
      case "settled": {
        const message = { body: jsonBytes(settledMessage(state, step.settledRevision)), sent };
        return () => message;
      }
      case "delta": {
        const changes = await this.#parts.store.changesBetween(step.fromRevision, step.revision);
        // Unknown: the floor has been raised since the step was chosen.
        if (!changes || isLikeTheWhole(state, changes)) {
          const whole = { kind: "snapshot", revision: step.revision } as const;
          return this.#build(state, whole, settledRevision);
        }
        return builtDelta(deltaMessage(state, changes, settledRevision), sent);
      }
      case "snapshot": {
        const snapshot = await this.snapshots.of(state, settledRevision);
        const told = { ...sent, settledRevision: snapshot.message.settledRevision };
        const body = snapshot.whole ?? (await this.#referenceTo(snapshot));
        return () => ({ body, sent: told });
      }
    }
  }

  async #referenceTo({ message, bytes, sha256 }: Snapshot): Promise<Uint8Array> {
    const { generation, revision, settledRevision } = message;
    const { publicUrl, snapshotsElsewhere } = this.#parts;
    // Whoever else encodes it must come to the same bytes.
    const query = snapshotsElsewhere ? `?settledRevision=${settledRevision}` : "";
    const url = `${await publicUrl()}/v1/snapshots/${generation}/${revision}${query}`;
    return jsonBytes(snapshotReference(message, { url, bytes, sha256 }));
  }
}

/**
 * A delta is pushed, and signed anew, for every server. One that is large, and gives most of the
 * table anew, goes as a snapshot, which is fetched: compressed, and signed by its name only.
 */
function isLikeTheWhole({ volumes }: ClusterState, { a2c }: DistributedChanges): boolean {
  let [came, all] = [0, 0];
  for (const { ranges } of a2c) came += rangeCount(ranges);
  if (came <= DELTA_ROWS_MIN) return false;
  for (const { map } of volumes.values()) all += map.rangeCount;
  return 2 * came > all;
}

function keyOf(step: Step): string {
  if (step.kind === "settled") return `settled ${step.settledRevision}`;
  return step.kind === "delta" ? `from ${step.fromRevision}` : "snapshot";
}

const jsonBytes = (message: object): Uint8Array => Buffer.from(JSON.stringify(message));

/**
 * A delta, encoded in pieces while others run in between: a large one takes a while. What is
 * settled stands in the first piece.
 */
async function builtDelta(update: TablesUpdate, sent: SentUpdate): Promise<BuiltMessage> {
  const pieces: Buffer[] = [];
  for (const piece of encodeUpdate(update)) {
    if (pieces.length > 1) await letOthersRun();
    pieces.push(Buffer.from(piece));
  }
  let message = { body: Buffer.concat(pieces), sent };
  const rest = message.body.subarray(pieces[0]!.length);
  return (settledRevision) => {
    if (settledRevision !== message.sent.settledRevision) {
      const [heading = ""] = encodeUpdate({ ...update, settledRevision });
      const body = Buffer.concat([Buffer.from(heading), rest]);
      message = { body, sent: { ...sent, settledRevision } };
    }
    return message;
  };
}
