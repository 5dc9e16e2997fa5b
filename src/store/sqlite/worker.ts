/** The store's thread: opens the database, then carries out requests in the order they come. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { openConnection } from "./connection.ts";
import { createEngine } from "./engine.ts";
import { failureOf, perform } from "./perform.ts";
import { OPEN_REQUEST_ID, type Reply, type Request, type WorkerData } from "./protocol.ts";
import { transferableOf } from "./transferable.ts";

function serve(port: MessagePort, options: WorkerData): void {
  const database = openConnection(options);
  const engine = createEngine(database);
  port.on("message", (request: Request) => {
    const outcome = perform(engine, database.name, request);
    const reply: Reply = { id: request.id, ...outcome };
    port.postMessage(reply, transferableOf(request.method, outcome));
    if (request.method === "close") port.close();
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
