/** The kept thread's end: one input after another, each worked on and answered. */
import { parentPort } from "node:worker_threads";
import { invariant } from "../core/errors.ts";

export interface Worked<T> {
  readonly result: T;
  /** Handed over with the result. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** What `work` throws ends the thread, since it is a mistake. */
export function serveInputs<Input, Result>(
  work: (input: Input) => Worked<Result> | Promise<Worked<Result>>,
): void {
  const port = parentPort;
  invariant(port, "this is a thread of its own");
  port.on("message", async (input: Input) => {
    const { result, transfer = [] } = await work(input);
    port.postMessage(result, transfer);
  });
}
