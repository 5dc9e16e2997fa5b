/**
 * A thread that does one thing after another. It is kept for a while, since what has run in it
 * is compiled by then and goes about twice as fast; its end gives back all the memory that it took.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import { invariant } from "../core/errors.ts";

const KEPT_MS = 30_000;

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class KeptThread {
  readonly #module: URL;
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #asked: Asked | undefined;
  #cancelEnd = (): void => {};

  constructor(module: URL, clock: Clock) {
    this.#module = module;
    this.#clock = clock;
  }

  /**
   * What the module makes of `input`. To be called when the last one is answered: an answer to one
   * would be taken for that to another. `transfer` is handed over with it instead of copied.
   */
  async run<T>(input: unknown, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    invariant(!this.#asked, "a thread is asked when it has answered");
    this.#cancelEnd();
    this.#worker ??= this.#start();
    const worker = this.#worker;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#asked = { resolve: resolve as Asked["resolve"], reject };
        worker.postMessage(input, transfer);
      });
    } finally {
      this.#asked = undefined;
      if (this.#worker) this.#cancelEnd = this.#clock.after(KEPT_MS, () => void this.#end());
    }
  }

  /** Ends what is running; nobody is answered any more. */
  async close(): Promise<void> {
    this.#cancelEnd();
    this.#asked?.reject(new Error("the service is closing"));
    await this.#end();
  }

  #start(): Worker {
    const worker = new Worker(this.#module, { name: this.#module.pathname });
    worker.on("message", (answer) => this.#asked?.resolve(answer));
    worker.on("error", (error) => this.#lost(worker, error as Error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`the thread has ended with ${code}`)));
    return worker;
  }

  /** A thread that is being ended has a successor already, or none. */
  #lost(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#asked?.reject(error);
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
