/** A thread of its own: a copy is read through twice, and nobody waits for that. */
import { stat } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { type Examined, examineCopy } from "../store/sqlite/examine.ts";
import { failureOf } from "../store/sqlite/perform.ts";
import type { Failure } from "../store/sqlite/protocol.ts";
import { fileErrorOf } from "./file-errors.ts";
import { sha256Of, syncPath } from "./files.ts";

export type ExaminedBackup = Examined & { readonly bytes: number; readonly sha256: string };
export type Examination = { readonly examined: ExaminedBackup } | { readonly failure: Failure };

const file: string = workerData;
try {
  const examined = examineCopy(file);
  // The checksum is of what is durable: read back after the sync.
  await syncPath(file);
  const sha256 = await sha256Of(file);
  const { size: bytes } = await stat(file);
  parentPort!.postMessage({ examined: { ...examined, bytes, sha256 } } satisfies Examination);
} catch (error) {
  const failure = failureOf(fileErrorOf(error, file), file);
  parentPort!.postMessage({ failure } satisfies Examination);
}
