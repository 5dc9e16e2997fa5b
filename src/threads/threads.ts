/**
 * Long computations in threads of their own, one at a time: the event loop stays free for others,
 * and a thread that ends gives back all the memory that it took.
 */
import { Worker } from "node:worker_threads";
import type { Intake } from "./intake.ts";
import { IntakeThread } from "./intake-thread.ts";

export type { Intake } from "./intake.ts";

export class Threads {
  readonly #root: URL;
  readonly #intakeThreads = new Map<string, IntakeThread>();
  #last: Promise<unknown> = Promise.resolve();
  #running: Worker | undefined;
  #closed = false;

  /** `root`: where the compiled program is. */
  constructor(root: URL) {
    this.#root = root;
  }

  /**
   * What the module `file` (a path in the compiled program) makes of `input`, each in its turn.
   * The thread's copy of the input is made when the turn has come: who waits takes no memory.
   */
  run<T>(file: string, input: unknown): Promise<T> {
    const done = this.#last.then(() => this.#runNow<T>(file, input));
    this.#last = done.catch(() => undefined);
    return done;
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
    await Promise.all([...this.#intakeThreads.values()].map((thread) => thread.close()));
    await this.#running?.terminate();
    await this.#last;
  }

  #runNow<T>(file: string, input: unknown): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the service is closing"));
    const worker = new Worker(new URL(file, this.#root), { workerData: input, name: file });
    this.#running = worker;
    return new Promise<T>((resolve, reject) => {
      worker.on("message", resolve);
      worker.on("error", reject);
      worker.on("exit", (code) => {
        this.#running = undefined;
        reject(new Error(`the thread of ${file} has ended with ${code}`));
      });
    });
  }
}
