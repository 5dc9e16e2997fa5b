/**
 * One request and its answer on undici's handler interface: without the stream and the abort
 * signal that its other interfaces make of each message, of which there are a thousand at a time.
 */
import type { Client, Dispatcher } from "undici";
import type { HttpAnswer } from "./answers.ts";

const ANSWER_BYTES_MAX = 64 * 1024;

export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  #resolve!: (answer: HttpAnswer) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #ended: Error | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** `answer` rejects where there is no whole answer, with what went wrong. */
  constructor(client: Client, request: Dispatcher.DispatchOptions) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    client.dispatch(request, this);
  }

  /** Ends it now, also where the connection is still being opened. */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(this.#ended);
  }

  /** Called for informational answers too, before the one that counts. */
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const retryAfter = headers["retry-after"];
    this.#status = status;
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > ANSWER_BYTES_MAX) {
      this.end(new Error(`an answer of over ${ANSWER_BYTES_MAX} bytes`));
    } else this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#pieces).toString("utf8");
    this.#resolve({ status: this.#status, retryAfter: this.#retryAfter, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(this.#ended ?? error);
  }
}
