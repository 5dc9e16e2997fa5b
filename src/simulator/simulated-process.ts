/**
 * A process of the source system: its R-, C- and D-node share one processor, which does one
 * piece of work after another.
 */
import type { Process } from "../core/model.ts";
import type { Timeline } from "./timeline.ts";

/** What a process's time goes into. */
export type Task = "cNode" | "routing" | "replication" | "dNode";

/** Work done for each task, in units: serving the I/O of one address is one. */
export type Work = Readonly<Record<Task, number>>;

export interface ProcessSpec
  extends Pick<Process, "id" | "storageServerId" | "rNodeId" | "cNodeId"> {
  /** Its capacity: a process of weight 2 does twice the work in the same time. */
  readonly weight: number;
}

export class SimulatedProcess {
  readonly spec: ProcessSpec;
  readonly #work = { cNode: 0, routing: 0, replication: 0, dNode: 0 };
  #busyUntil = 0;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  get work(): Work {
    return { ...this.#work };
  }

  /** Calls `done` when the work is done, after all that came before it. */
  perform(timeline: Timeline, task: Task, amount: number, done: () => void): void {
    this.#work[task] += amount;
    const start = Math.max(timeline.now, this.#busyUntil);
    this.#busyUntil = start + amount / this.spec.weight;
    timeline.after(this.#busyUntil - timeline.now, done);
  }

  /** For a run from time 0. */
  reset(): void {
    this.#busyUntil = 0;
    for (const task of Object.keys(this.#work)) this.#work[task as Task] = 0;
  }
}
