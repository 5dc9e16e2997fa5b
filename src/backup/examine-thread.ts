/** A thread of its own: a copy is read through twice, and nobody waits for that. */
import { stat } from "node:fs/promises";
import { type Examined, examineCopy } from "../store/sqlite/examine.ts";
import { failureOf } from "../store/sqlite/perform.ts";
import type { Failure } from "../store/sqlite/protocol.ts";
import { serveInputs } from "../threads/serve-inputs.ts";
import { fileErrorOf } from "./file-errors.ts";
import { sha256Of, syncPath } from "./files.ts";

export type ExaminedBackup = Examined & { readonly bytes: number; readonly sha256: string };
export type Examination = { readonly examined: ExaminedBackup } | { readonly failure: Failure };

serveInputs(async (file: string) => ({ result: await examine(file) }));

async function examine(file: string): Promise<Examination> {
  try {
    const examined = examineCopy(file);
    // The checksum is of what is durable: read back after the sync.
    await syncPath(file);
    const sha256 = await sha256Of(file);
    const { size: bytes } = await stat(file);
    return { examined: { ...examined, bytes, sha256 } };
  } catch (error) {
    return { failure: failureOf(fileErrorOf(error, file), file) };
  }
}
