/**
 * Long computations in threads of their own, one at a time: the event loop stays free for others,
 * and a thread that ends gives back all the memory that it took.
 */
import { type TransferListItem, Worker } from "node:worker_threads";

export class Threads {
  readonly #root: URL;
  #last: Promise<unknown> = Promise.resolve();
  #running: Worker | undefined;
  #closed = false;

  /** `root`: where the compiled program is. */
  constructor(root: URL) {
    this.#root = root;
  }

  /**
   * What the module `file` (a path in the compiled program) makes of `input`, each in its turn.
   * `transfer` is handed over, and is empty afterwards.
   */
  run<T>(file: string, input: unknown, transfer: readonly TransferListItem[] = []): Promise<T> {
    const done = this.#last.then(() => this.#runNow<T>(file, input, transfer));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Ends what is running; nobody is answered any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.terminate();
    await this.#last;
  }

  #runNow<T>(file: string, input: unknown, transfer: readonly TransferListItem[]): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the service is closing"));
    const worker = new Worker(new URL(file, this.#root), {
      workerData: input,
      transferList: [...transfer],
      name: file,
    });
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
