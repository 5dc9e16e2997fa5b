/** The service's end of the store's thread. */
import { Worker } from "node:worker_threads";
import { StoreError } from "../store-error.ts";
import {
  type Engine,
  type Failure,
  type Method,
  OPEN_REQUEST_ID,
  type Reply,
  type Request,
  type WorkerData,
} from "./protocol.ts";
import { transferableOfRequest } from "./transferable.ts";

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls the engine in the store's thread and hands back what it answers. */
export class RemoteEngine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onFailure: (error: StoreError) => void;
  #lastId = OPEN_REQUEST_ID;
  #isOpen = false;
  /** Why no more calls are taken. */
  #ended: Error | undefined;
  #closed: Promise<void> | undefined;
  /** Settles when the database is open, or can't be opened. */
  readonly opened: Promise<void>;

  constructor(workerUrl: URL, data: WorkerData, onFailure: (error: StoreError) => void) {
    this.#onFailure = onFailure;
    this.#worker = new Worker(workerUrl, { workerData: data, name: "store" });
    this.#worker.on("message", (reply: Reply) => this.#take(reply));
    this.#worker.on("messageerror", (error) => this.#fail(threadLost(error.message)));
    this.#worker.on("error", (error) => this.#fail(threadLost(error.message)));
    this.#worker.on("exit", (code) => this.#fail(threadLost(`exit code ${code}`)));
    this.opened = this.#answerTo(OPEN_REQUEST_ID).then(() => {
      this.#isOpen = true;
    });
  }

  async call<M extends Method>(
    method: M,
    ...parameters: Parameters<Engine[M]>
  ): Promise<Awaited<ReturnType<Engine[M]>>> {
    if (this.#ended) throw this.#ended;
    const request: Request = { id: ++this.#lastId, method, parameters };
    this.#worker.postMessage(request, transferableOfRequest(request));
    // The thread answers a request with what the method it names has returned.
    return (await this.#answerTo(request.id)) as Awaited<ReturnType<Engine[M]>>;
  }

  /** Lets what was asked before be carried out, then closes the database and ends the thread. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      if (this.#ended || !this.#isOpen) return;
      const answer = this.call("close");
      this.#isOpen = false;
      this.#ended = new Error("the store is closed");
      await answer;
    } finally {
      await this.#worker.terminate();
    }
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #take({ id, ...outcome }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("result" in outcome) {
      waiting?.resolve(outcome.result);
      return;
    }
    const error = errorOf(outcome.failure);
    waiting?.reject(error);
    if (error instanceof StoreError && error.reason === "outcome-unknown") this.#fail(error);
  }

  /**
   * Once an outcome is unknown, nothing the connection says afterwards may be built upon: what is
   * under way is rejected and nothing more is taken. While the store is being opened or closed,
   * whoever does so is told by the rejection alone.
   */
  #fail(error: StoreError): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    void this.#worker.terminate();
    if (wasOpen) this.#onFailure(error);
  }
}

/** The error that has crossed in plain words. */
export function errorOf({ reason, message }: Failure): Error {
  return reason === undefined ? new Error(message) : new StoreError(reason, message);
}

function threadLost(cause: string): StoreError {
  return new StoreError(
    "outcome-unknown",
    `the store's thread has ended (${cause}): what was kept shows at the next start`,
  );
}
