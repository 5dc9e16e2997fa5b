/** What was written goes to the target system: at once, or at each recovery point objective. */
import type { LoadOptions } from "./load.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { SourceSystem } from "./source-system.ts";
import type { Timeline } from "./timeline.ts";

export interface ReplicationParts {
  readonly system: SourceSystem;
  readonly timeline: Timeline;
  /** Of one address, in units of work. */
  readonly transmission: number;
}

/** Addresses that have changed on a C-node since the last recovery point, with since when. */
type Changed = Map<number, number>;

export class Replication {
  readonly #parts: ReplicationParts;
  readonly #mode: LoadOptions["replication"];
  readonly #isLast: () => boolean;
  readonly #changed = new Map<SimulatedProcess, Changed>();
  /** The longest that a write was not at the target yet. */
  recoveryPoint = 0;

  /** `isLast`: hosts will write nothing more. */
  constructor(parts: ReplicationParts, mode: LoadOptions["replication"], isLast: () => boolean) {
    this.#parts = parts;
    this.#mode = mode;
    this.#isLast = isLast;
    if (mode.mode === "asynchronous") this.#flushAfter(mode.recoveryPointObjective);
  }

  /** Calls `done` when the host need wait no longer. */
  written(owner: SimulatedProcess, place: number, done: () => void): void {
    const { now } = this.#parts.timeline;
    if (this.#mode.mode === "synchronous") {
      this.#transmit(owner, now, done);
      return;
    }
    const changed = this.#changed.get(owner) ?? new Map<number, number>();
    this.#changed.set(owner, changed);
    // Written twice before it goes out, it goes out once.
    if (!changed.has(place)) changed.set(place, now);
    done();
  }

  #flushAfter(recoveryPointObjective: number): void {
    this.#parts.timeline.after(recoveryPointObjective, () => {
      for (const [owner, changed] of this.#changed) {
        for (const since of changed.values()) this.#transmit(owner, since, () => {});
      }
      this.#changed.clear();
      if (!this.#isLast()) this.#flushAfter(recoveryPointObjective);
    });
  }

  /** Through any of the linked R-nodes; without one, replication is off and hosts go on. */
  #transmit(owner: SimulatedProcess, since: number, done: () => void): void {
    const { system, timeline, transmission } = this.#parts;
    const link = system.serverOf(owner).agent.chooseLink();
    if (!link) {
      done();
      return;
    }
    system.processOfRNode(link.rNodeId).perform(timeline, "replication", transmission, () => {
      system.target.take(timeline, link.linkId, 1, () => {
        this.recoveryPoint = Math.max(this.recoveryPoint, timeline.now - since);
        done();
      });
    });
  }
}
