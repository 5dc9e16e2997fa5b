import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { withFile } from "../backup/files.ts";
import { checksumFileOf, parseChecksum } from "../backup/names.ts";
import { StartError } from "../start-error.ts";

/** Copies a backup to a new private file, durably, if what was copied has the checksum beside it. */
export async function copyChecked({ from, to }: { from: string; to: string }): Promise<void> {
  const expected = await readChecksum(from);
  const hash = createHash("sha256");
  await withFile(to, "wx", async (handle) => {
    for await (const chunk of createReadStream(from)) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  });
  if (hash.digest("hex") === expected) return;
  throw new StartError(`${from} does not have the checksum in ${checksumFileOf(from)}`);
}

async function readChecksum(file: string): Promise<string> {
  const checksumFile = checksumFileOf(file);
  try {
    const sha256 = parseChecksum(await readFile(checksumFile, "utf8"));
    if (sha256 !== undefined) return sha256;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const name = basename(file);
    throw new StartError(
      `${checksumFile} is missing: copy it too, or, where the file is known to be whole, make it: ` +
        `sha256sum ${name} > ${name}.sha256`,
    );
  }
  throw new StartError(`${checksumFile} holds no checksum as sha256sum writes it`);
}
