/**
 * Bodies of messages, built once per step and shared by all servers that take it. Everybody is
 * sent to the head, so when the head moves, what was built for the one before is let go.
 */
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { ClusterState } from "../core/cluster-state.ts";
import type { SentUpdate } from "../core/delivery.ts";
import type { Step } from "../core/delivery-state.ts";
import { deltaMessage, encodeUpdate, snapshotMessage, type TablesUpdate } from "../core/delta.ts";
import type { Store } from "../store/store.ts";

/** Different steps to one head that are kept: servers are rarely at more places than a few. */
const STEPS_MAX = 32;

export interface Message {
  readonly body: Uint8Array;
  readonly sent: SentUpdate;
}

export interface Messages {
  /**
   * The message for a step to the head of `state`. `settledRevision` is asked for at once, while
   * `state` is the head; a message built before tells what was settled then, which is no more.
   */
  messageFor(state: ClusterState, step: Step, settledRevision: () => number): Promise<Message>;
}

export function createMessages(store: Pick<Store, "changesBetween">): Messages {
  let headKey = "";
  let built = new Map<string, Promise<Message>>();

  async function build(state: ClusterState, step: Step, settledRevision: number) {
    const update =
      step.kind === "snapshot"
        ? snapshotMessage(state, settledRevision)
        : deltaMessage(
            state,
            await store.changesBetween(step.fromRevision, step.revision),
            settledRevision,
          );
    const { generation } = state;
    return { body: await bytesOf(update), sent: { ...step, generation, digest: update.digest } };
  }

  return {
    messageFor(state, step, settledRevision) {
      const head = `${state.generation}.${state.distributedRevision}`;
      if (head !== headKey) [headKey, built] = [head, new Map()];
      const key = step.kind === "delta" ? `from ${step.fromRevision}` : "snapshot";
      const steps = built;
      const message = steps.get(key) ?? build(state, step, settledRevision());
      // The step used last stands last, so that the first one is the one to let go.
      steps.delete(key);
      steps.set(key, message);
      for (const oldest of steps.keys()) if (steps.size > STEPS_MAX) steps.delete(oldest);
      message.catch(() => steps.delete(key));
      return message;
    },
  };
}

/** Encodes in pieces and lets others run in between: a large table takes a second altogether. */
async function bytesOf(update: TablesUpdate): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for (const piece of encodeUpdate(update)) {
    if (pieces.length > 1) await letOthersRun();
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}
