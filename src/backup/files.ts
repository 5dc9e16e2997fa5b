import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { PRIVATE_FILE_MODE } from "../store/sqlite/private-file.ts";

/** Signing secrets stand in a backup, as in the database: nobody else reads it. */
export const PRIVATE_DIRECTORY_MODE = 0o700;

/** What SQLite may put beside a database file. */
export const SIDE_SUFFIXES = ["-wal", "-shm", "-journal"] as const;

/** Makes durable what was written to a file, or the names in a directory. */
export async function syncPath(path: string): Promise<void> {
  await withFile(path, "r", (handle) => handle.sync());
}

/** Writes a new private file, durably. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withFile(path, "wx", async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
}

export async function withFile<Result>(
  path: string,
  flags: string,
  work: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await open(path, flags, PRIVATE_FILE_MODE);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** Removes a database file that is not finished, and what SQLite has put beside it. */
export async function removeDatabase(file: string): Promise<void> {
  for (const suffix of ["", ...SIDE_SUFFIXES]) await rm(`${file}${suffix}`, { force: true });
}

/** Of a file's content, in hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
