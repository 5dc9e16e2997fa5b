/** The store's thread: opens the database, then carries out requests in the order they come. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { carryOverOne, shortenLog } from "./afterwards.ts";
import { openConnection } from "./connection.ts";
import { createEngine } from "./engine.ts";
import { failureOf, perform } from "./perform.ts";
import {
  OPEN_REQUEST_ID,
  type Outcome,
  type Reply,
  type Request,
  UNASKED_ID,
  type WorkerData,
} from "./protocol.ts";
import { transferableOf } from "./transferable.ts";

function serve(port: MessagePort, options: WorkerData): void {
  const database = openConnection(options);
  database.pragma("wal_autocheckpoint = 0");
  const engine = createEngine(database, options);
  const answer = (request: Request, outcome: Outcome) => {
    const reply: Reply = { id: request.id, ...outcome };
    port.postMessage(reply, transferableOf(request.method, outcome));
    if (request.method === "close") port.close();
    tidyUp();
  };
  let isTidying = false;
  // Nobody waits for it: requests that have come meanwhile are carried out in between.
  const tidyUp = () => {
    if (isTidying) return;
    isTidying = true;
    setImmediate(() => {
      isTidying = false;
      try {
        if (carryOverOne(database, engine)) tidyUp();
        shortenLog(database);
      } catch (error) {
        const { message } = failureOf(error, database.name);
        const failure = { reason: "outcome-unknown", message } as const;
        port.postMessage({ id: UNASKED_ID, failure } satisfies Reply);
      }
    });
  };
  port.on("message", (request: Request) => {
    const outcome = perform(engine, database.name, request);
    // Not awaited where it is there already: answers leave in the order of the requests.
    if (outcome instanceof Promise) void outcome.then((later) => answer(request, later));
    else answer(request, outcome);
  });
  port.postMessage({ id: OPEN_REQUEST_ID, result: undefined } satisfies Reply);
}

invariant(parentPort, "this is a thread of its own");
const options: WorkerData = workerData;
try {
  serve(parentPort, options);
} catch (error) {
  const failure = failureOf(error, options.file);
  parentPort.postMessage({ id: OPEN_REQUEST_ID, failure } satisfies Reply);
}
