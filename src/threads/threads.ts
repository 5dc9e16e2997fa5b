/** Long computations off the event loop, which stays free for others. */
import type { Clock } from "../core/clock.ts";
import type { Intake } from "./intake.ts";
import { IntakeThread } from "./intake-thread.ts";
import { KeptThread } from "./kept-thread.ts";

export type { Intake } from "./intake.ts";

export class Threads {
  readonly #root: URL;
  readonly #clock: Clock;
  readonly #keptThreads = new Map<string, KeptThread>();
  readonly #intakeThreads = new Map<string, IntakeThread>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** `root`: where the compiled program is. */
  constructor(root: URL, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  /**
   * What the module `file` (a path in the compiled program) makes of `input`, each in its turn,
   * one at a time. The thread's copy of the input is made when the turn has come: who waits takes
   * no memory.
   */
  run<T>(file: string, input: unknown): Promise<T> {
    const done = this.#last.then(() => this.#runNow<T>(file, input));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /**
   * The same without a turn, for inputs that are worked on side by side: each in the thread of its
   * `place`, which has answered what it was given before. `transfer` is handed over, not copied.
   */
  runBeside<T>(
    file: string,
    place: number,
    input: unknown,
    transfer: readonly ArrayBuffer[],
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the service is closing"));
    return this.#keptThread(file, `beside ${place}`).run<T>(input, transfer);
  }

  /**
   * The same for input that comes piece by piece, from somebody who may be slow: it waits for no
   * turn, since all intakes of a module share one thread.
   */
  intake<T>(file: string): Intake<T> {
    if (this.#closed) throw new Error("the service is closing");
    const thread = this.#intakeThreads.get(file) ?? new IntakeThread(new URL(file, this.#root));
    this.#intakeThreads.set(file, thread);
    return thread.intake<T>();
  }

  /** Ends what is running; nobody is answered any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#intakeThreads.values(), ...this.#keptThreads.values()];
    await Promise.all(threads.map((thread) => thread.close()));
    await this.#last;
  }

  #runNow<T>(file: string, input: unknown): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the service is closing"));
    return this.#keptThread(file, "in turn").run<T>(input);
  }

  #keptThread(file: string, place: string): KeptThread {
    const name = `${file} ${place}`;
    let thread = this.#keptThreads.get(name);
    if (!thread) {
      thread = new KeptThread(new URL(file, this.#root), this.#clock);
      this.#keptThreads.set(name, thread);
    }
    return thread;
  }
}
