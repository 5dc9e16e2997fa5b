/**
 * The one way a change goes. Commands that have gathered while the last transaction ran are
 * decided one after another, each on the state that the one before it leaves, and go into the
 * store in one transaction: group commit. Readers see only what is committed, and nobody is
 * answered, not even refused, before the transaction that the answer rests on is durable.
 */
import { digestOfMaps } from "../core/changed-rows.ts";
import type { ClusterState } from "../core/cluster-state.ts";
import { takeIn } from "../core/news.ts";
import { restoreState } from "../core/stored-state.ts";
import type { RebalanceToStore } from "../store/rebalances.ts";
import type { Append } from "../store/revisions.ts";
import type { Store } from "../store/store.ts";
import { withPauses } from "../threads/pauses.ts";
import { appendOf, type DigestOf } from "./append-of.ts";

/** Who wants what done; `decide` is pure and may run again when the head has moved. */
export interface Command<T> {
  /** What the revision is called, for example `register-process`. */
  readonly kind: string;
  readonly actor: string;
  readonly reason?: string | undefined;
  /** Kept with the revision. */
  readonly call?: Append["call"];
  readonly idempotent?: Append["idempotent"];
  /**
   * Throws a `Refusal`, or tells the next state. `at` is in milliseconds since 1970. What takes
   * long is told by a promise: other decisions wait for it, the event loop does not.
   */
  decide(state: ClusterState, at: number): Decision<T> | Promise<Decision<T>>;
}

export interface Decision<T> {
  readonly state: ClusterState;
  readonly answer: T;
  /** Stored in the same transaction. */
  readonly rebalance?: RebalanceToStore | undefined;
}

export interface Committed<T> {
  readonly answer: T;
  /** The state right after this decision. */
  readonly state: ClusterState;
  /** Whether it took a revision. */
  readonly changed: boolean;
}

export interface CommitQueueParts {
  readonly store: Pick<Store, "isShared" | "append" | "news" | "load">;
  readonly state: ClusterState;
  readonly now: () => number;
  /** Asked for one change after another; where there is none, in this thread, with pauses. */
  readonly digestOf?: DigestOf;
  /** Called with every newly committed head; a hint that never fails the commit. */
  readonly onCommitted: (state: ClusterState) => void;
  /** Called after each transaction, for who measures. */
  readonly onBatch?: (batch: StoredBatch) => void;
}

/** A transaction that is durable. */
export interface StoredBatch {
  readonly revisions: number;
  readonly movedAddresses: number;
  /** Of each write that was decided with it: from its submission to here. */
  readonly durationsMs: readonly number[];
}

/** The same call has been carried out meanwhile, by another process: it is not done again. */
export class RepeatedCall extends Error {}

/** So many decisions share a transaction at most, so that no batch holds up the event loop. */
const BATCH_COMMANDS_MAX = 256;

interface Waiting {
  readonly command: Command<unknown>;
  readonly submittedMs: number;
  readonly resolve: (committed: Committed<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

/** A decided batch: what to store, and how to answer each caller once it is stored. */
interface Batch {
  readonly state: ClusterState;
  readonly entries: Append[];
  readonly answers: (() => void)[];
}

export class CommitQueue {
  readonly #parts: CommitQueueParts;
  #committed: ClusterState;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(parts: CommitQueueParts) {
    this.#parts = parts;
    this.#committed = parts.state;
  }

  /** The committed state; what reads are answered from. */
  get state(): ClusterState {
    return this.#committed;
  }

  /** How many commands wait for the transaction under way to end. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Resolves when the decision is durable; rejects with its refusal or with a `StoreError`. */
  submit<T>(command: Command<T>): Promise<Committed<T>> {
    return new Promise<Committed<T>>((resolve, reject) => {
      this.#waiting.push({
        command,
        submittedMs: performance.now(),
        resolve: resolve as Waiting["resolve"],
        reject,
      });
      this.#running ??= this.#run();
    });
  }

  /** Takes in a head of the store, whoever has written it, unless it is known already. */
  adopt(head: ClusterState): void {
    if (head.revision <= this.#committed.revision) return;
    this.#committed = head;
    this.#parts.onCommitted(head);
  }

  /** Resolves when everything submitted so far is answered. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets requests that have already arrived join the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, BATCH_COMMANDS_MAX);
      try {
        const batch = await this.#store(taken);
        this.adopt(batch.state);
        if (batch.entries.length > 0) this.#parts.onBatch?.(storedBatch(batch, taken));
        for (const answer of batch.answers) answer();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#running = undefined;
  }

  async #store(taken: Waiting[]): Promise<Batch> {
    const { store } = this.#parts;
    for (;;) {
      // Others may be taken in meanwhile, and do not change what this is decided on.
      const base = this.#committed;
      const batch = await this.#decide(base, taken);
      // Where others write too, a refusal may rest on what is no longer so: the head is looked at.
      if (batch.entries.length === 0 && !store.isShared) return batch;
      const outcome = await store.append(base.revision, batch.entries);
      if (outcome === "committed") return batch;
      if (outcome === "conflict") await this.#takeNews();
      else refuseRepeated(taken, outcome.repeated);
    }
  }

  async #takeNews(): Promise<void> {
    const { store } = this.#parts;
    const base = this.#committed;
    const news = await store.news(base.revision);
    this.adopt(news ? takeIn(base, news) : restoreState(await store.load()));
  }

  /** Nothing else decides meanwhile, so others may run while a large change is worked out. */
  async #decide(base: ClusterState, taken: readonly Waiting[]): Promise<Batch> {
    let state = base;
    const entries: Append[] = [];
    const answers: (() => void)[] = [];
    const { digestOf = (maps) => withPauses(digestOfMaps(maps)) } = this.#parts;
    for (const { command, resolve, reject } of taken) {
      try {
        const at = this.#parts.now();
        const decision = command.decide(state, at);
        const {
          state: next,
          answer,
          rebalance,
        } = decision instanceof Promise ? await decision : decision;
        const decided = { command, at, rebalance, digestOf };
        const entry = await appendOf(state, next, decided);
        if (entry) {
          entries.push(entry.append);
          state = entry.sealed;
        }
        const committed = { answer, state, changed: entry !== undefined };
        answers.push(() => resolve(committed));
      } catch (error) {
        answers.push(() => reject(error));
      }
    }
    return { state, entries, answers };
  }
}

/** Lets go of those whose call another process has carried out. */
function refuseRepeated(taken: Waiting[], repeated: readonly string[]): void {
  const isRepeated = ({ command: { idempotent } }: Waiting) =>
    idempotent !== undefined && repeated.includes(idempotent.callSha256);
  for (const { reject } of taken.filter(isRepeated)) reject(new RepeatedCall());
  taken.splice(0, taken.length, ...taken.filter((waiting) => !isRepeated(waiting)));
}

function storedBatch({ entries }: Batch, taken: readonly Waiting[]): StoredBatch {
  const now = performance.now();
  return {
    revisions: entries.length,
    movedAddresses: entries.reduce((sum, { heading }) => sum + heading.changed.movedAddresses, 0),
    durationsMs: taken.map(({ submittedMs }) => now - submittedMs),
  };
}
