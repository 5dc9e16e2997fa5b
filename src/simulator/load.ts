/**
 * Host I/O on a source system, in virtual time. An R-node splits an I/O by the A2C table (¶41);
 * the C-node of each part serves it if its server's tables say so, a D-node stores it, and what
 * was written is replicated through a linked R-node (¶44). Synchronous replication: the host's
 * write waits for the target (¶23). Asynchronous: what has changed since goes out at each
 * recovery point objective (¶24).
 *
 * Hosts go round all R-nodes, and round all addresses evenly, so that differences between
 * processes come from the tables alone.
 */
import { Replication } from "./replication.ts";
import type { SimulatedProcess, Work } from "./simulated-process.ts";
import type { SourceSystem } from "./source-system.ts";
import { Timeline } from "./timeline.ts";

export interface LoadOptions {
  readonly ioCount: number;
  /** I/Os that hosts have under way at one time. */
  readonly concurrency: number;
  /** Of three I/Os, two are writes. */
  readonly replication:
    | { readonly mode: "synchronous" }
    /** In units of work. */
    | { readonly mode: "asynchronous"; readonly recoveryPointObjective: number };
  /** In units of work: an address's I/O is one. Routing and storing are spread evenly anyhow. */
  readonly costs: {
    readonly routing: number;
    readonly dNode: number;
    /** Transmitting the replication data of one written address. */
    readonly transmission: number;
  };
}

export interface LoadResult {
  readonly ioCount: number;
  /** Virtual time that it took, in units of work. */
  readonly duration: number;
  /** I/Os per 1,000 units. */
  readonly throughput: number;
  /** Commands that a C-node has refused; the R-node tries again. */
  readonly refusals: number;
  /** Mean time that a host waited for a write, in units. */
  readonly writeLatency: number;
  /** The longest time for which a write was not at the target yet, in units. */
  readonly recoveryPoint: number;
  readonly processes: readonly { readonly process: SimulatedProcess; readonly work: Work }[];
}

/** Written, of the passes over all addresses: two of three, the third one read. */
export const WRITTEN_FRACTION = 2 / 3;
const PASSES_PER_CYCLE = 3;
const RETRY_DELAY = 10;

export function runLoad(system: SourceSystem, options: LoadOptions): LoadResult {
  for (const process of system.processes) process.reset();
  system.target.reset();
  const run = new LoadRun(system, options);
  return run.finish();
}

class LoadRun {
  readonly #system: SourceSystem;
  readonly #options: LoadOptions;
  readonly #timeline = new Timeline();
  readonly #replication: Replication;
  readonly #stride: number;
  #issued = 0;
  #completed = 0;
  #refusals = 0;
  #writes = 0;
  #waited = 0;
  #ended = 0;

  constructor(system: SourceSystem, options: LoadOptions) {
    this.#system = system;
    this.#options = options;
    this.#stride = strideFor(system.addressCount);
    const { replication, costs } = options;
    const parts = { system, timeline: this.#timeline, transmission: costs.transmission };
    const isDone = () => this.#completed === options.ioCount;
    this.#replication = new Replication(parts, replication, isDone);
  }

  finish(): LoadResult {
    const { ioCount, concurrency } = this.#options;
    for (let i = 0; i < Math.min(concurrency, ioCount); i++) this.#issue();
    this.#timeline.run();
    return {
      ioCount,
      duration: this.#ended,
      throughput: (1000 * ioCount) / this.#ended,
      refusals: this.#refusals,
      writeLatency: this.#waited / Math.max(1, this.#writes),
      recoveryPoint: this.#replication.recoveryPoint,
      processes: this.#system.processes.map((process) => ({ process, work: process.work })),
    };
  }

  /** A host's next I/O, of one address. */
  #issue(): void {
    const { addressCount, processes } = this.#system;
    const number = this.#issued++;
    const place = (number * this.#stride) % addressCount;
    const pass = Math.floor(number / addressCount);
    const isWrite = (pass + place) % PASSES_PER_CYCLE !== 0;
    const router = processes[number % processes.length]!;
    this.#route({ place, isWrite, router, since: this.#timeline.now });
  }

  #route(io: Io): void {
    const { routing } = this.#options.costs;
    io.router.perform(this.#timeline, "routing", routing, () => this.#command(io));
  }

  /** To the C-node that the R-node's own server takes for the owner. */
  #command(io: Io): void {
    const system = this.#system;
    const run = system.runAt(io.place);
    const { agent } = system.serverOf(io.router);
    const [part] = agent.split(run);
    const home = part && agent.locate(part.cNodeId);
    const owner = home && system.processOf(home.processId);
    const admitted = owner && system.serverOf(owner).agent.admit(part.cNodeId, run);
    if (!owner || admitted?.kind !== "serve") {
      this.#refusals++;
      this.#timeline.after(RETRY_DELAY, () => this.#route(io));
      return;
    }
    owner.perform(this.#timeline, "cNode", 1, () => this.#store(io, owner));
  }

  /** The device array is spread over all D-nodes, whoever owns an address. */
  #store(io: Io, owner: SimulatedProcess): void {
    const { processes } = this.#system;
    const dNode = processes[io.place % processes.length]!;
    dNode.perform(this.#timeline, "dNode", this.#options.costs.dNode, () => {
      if (!io.isWrite) this.#complete(io);
      else this.#replication.written(owner, io.place, () => this.#complete(io));
    });
  }

  #complete(io: Io): void {
    this.#completed++;
    this.#ended = this.#timeline.now;
    if (io.isWrite) {
      this.#writes++;
      this.#waited += this.#timeline.now - io.since;
    }
    if (this.#issued < this.#options.ioCount) this.#issue();
  }
}

interface Io {
  /** Its address, counted over all volumes. */
  readonly place: number;
  readonly isWrite: boolean;
  readonly router: SimulatedProcess;
  /** When the host began to wait. */
  readonly since: number;
}

/** Goes round all of `count` addresses in leaps: near the golden section, with no common divisor. */
function strideFor(count: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, Math.round(count * 0.618));
  while (divisor(stride, count) !== 1) stride++;
  return stride;
}
