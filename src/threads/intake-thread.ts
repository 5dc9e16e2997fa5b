/**
 * One thread for all inputs that come piece by piece. They take turns by the piece, so that one
 * that comes slowly holds up nobody; the thread begins with the first and ends with the last.
 */
import { Worker } from "node:worker_threads";
import type { FromIntake, Intake, ToIntake } from "./intake.ts";

/** So many bytes of an input wait for the thread at most, and one piece more. */
const WAITING_BYTES_MAX = 512 * 1024;

export class IntakeThread {
  readonly #module: URL;
  readonly #open = new Map<number, OpenIntake>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(module: URL) {
    this.#module = module;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  intake<T>(): Intake<T> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#lastId;
    const open = new OpenIntake();
    this.#open.set(id, open);
    const tell = (message: ToIntake, transfer: ArrayBuffer[] = []) => {
      if (this.#open.has(id)) worker.postMessage(message, transfer);
    };
    return {
      write: (piece) => {
        open.sent(piece.length);
        tell({ id, kind: "piece", piece }, [piece.buffer]);
        return open.room();
      },
      end: () => {
        tell({ id, kind: "end" });
        return open.result as Promise<T>;
      },
      abandon: () => {
        tell({ id, kind: "abandon" });
        this.#remove(id);
      },
    };
  }

  /** Ends what is running; nobody is answered any more. */
  async close(): Promise<void> {
    this.#fail(new Error("the service is closing"));
    await this.#end();
  }

  #start(): Worker {
    const worker = new Worker(this.#module, { name: this.#module.pathname });
    worker.on("message", (message: FromIntake) => this.#take(message));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`the thread has ended with ${code}`)));
    return worker;
  }

  #take(message: FromIntake): void {
    const open = this.#open.get(message.id);
    if (message.kind === "taken") open?.taken(message.bytes);
    else {
      open?.resolve(message.result);
      this.#remove(message.id);
    }
  }

  #remove(id: number): void {
    this.#open.delete(id);
    if (this.#open.size === 0) void this.#end();
  }

  /** A thread that is being ended has a successor already, or none. */
  #lost(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#fail(error);
  }

  #fail(error: Error): void {
    for (const open of this.#open.values()) open.reject(error);
    this.#open.clear();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

class OpenIntake {
  readonly result: Promise<unknown>;
  resolve!: (result: unknown) => void;
  #rejectResult!: (error: Error) => void;
  #failure: Error | undefined;
  #waitingBytes = 0;
  #wake = () => {};

  constructor() {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.#rejectResult = reject;
    });
    // Whoever still writes learns of a failure from `room`, and never asks for the result.
    this.result.catch(() => {});
  }

  sent(bytes: number): void {
    this.#waitingBytes += bytes;
  }

  taken(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (this.#waitingBytes <= WAITING_BYTES_MAX) this.#wake();
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    if (!this.#failure && this.#waitingBytes > WAITING_BYTES_MAX) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure) throw this.#failure;
  }

  reject(error: Error): void {
    this.#failure = error;
    this.#rejectResult(error);
    this.#wake();
  }
}
