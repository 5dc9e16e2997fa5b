/** The thread's end of its intakes. */
import { parentPort } from "node:worker_threads";
import { invariant } from "../core/errors.ts";
import type { FromIntake, ToIntake } from "./intake.ts";

export interface Piecewise<T> {
  push(piece: Uint8Array): void;
  /** `transfer` is handed over with the result. */
  finish(): { readonly result: T; readonly transfer: readonly ArrayBuffer[] };
}

/** `begin` is called for each intake. What one throws ends the thread, since it is a mistake. */
export function serveIntakes<T>(begin: () => Piecewise<T>): void {
  const port = parentPort;
  invariant(port, "this is a thread of its own");
  const open = new Map<number, Piecewise<T>>();
  const answer = (message: FromIntake, transfer: readonly ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  port.on("message", (message: ToIntake) => {
    const { id } = message;
    if (message.kind === "abandon") {
      open.delete(id);
      return;
    }
    const piecewise = open.get(id) ?? begin();
    if (message.kind === "piece") {
      open.set(id, piecewise);
      piecewise.push(message.piece);
      answer({ id, kind: "taken", bytes: message.piece.length });
      return;
    }
    open.delete(id);
    const { result, transfer } = piecewise.finish();
    answer({ id, kind: "result", result }, transfer);
  });
}
