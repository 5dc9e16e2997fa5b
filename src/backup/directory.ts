/**
 * Where the backups lie. One in the making has a name that no backup has; it is renamed when all
 * of it is durable, its checksum first: what has a backup's name is whole and has its checksum,
 * whenever the program is killed. What a killed one leaves goes when the next one begins.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_FILE_MODE } from "../store/sqlite/private-file.ts";
import { PRIVATE_DIRECTORY_MODE, removeDatabase, syncPath, writePrivateFile } from "./files.ts";
import {
  backupName,
  checksumFileOf,
  formatChecksum,
  type Named,
  parseBackupName,
  parseChecksum,
  shortClusterId,
} from "./names.ts";

export interface Backup extends Named {
  readonly name: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export class BackupDirectory {
  readonly path: string;
  readonly #clusterId: string;
  /** The one in the making; by the cluster, for others may use the directory too. */
  readonly #partial: string;

  constructor({ path, clusterId }: { path: string; clusterId: string }) {
    this.path = path;
    this.#clusterId = clusterId;
    this.#partial = join(path, `.evenkeel-${shortClusterId(clusterId)}.partial`);
  }

  /** An empty file to be written; with the right to read it taken from others beforehand. */
  async begin(): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    await this.discard();
    await (await open(this.#partial, "wx", PRIVATE_FILE_MODE)).close();
    return this.#partial;
  }

  /** Gives the file that was begun its name. */
  async publish(made: Named & Pick<Backup, "bytes" | "sha256">): Promise<Backup> {
    const backup = await this.#named(made);
    const file = join(this.path, backup.name);
    const checksum = checksumFileOf(file);
    try {
      const partialChecksum = checksumFileOf(this.#partial);
      await writePrivateFile(partialChecksum, formatChecksum(backup.sha256, backup.name));
      await rename(partialChecksum, checksum);
      await rename(this.#partial, file);
      await syncPath(this.path);
      return backup;
    } catch (error) {
      await rm(file, { force: true });
      await rm(checksum, { force: true });
      throw error;
    }
  }

  /** Removes what is in the making. */
  async discard(): Promise<void> {
    await removeDatabase(this.#partial);
    await rm(checksumFileOf(this.#partial), { force: true });
  }

  /** In name order, which is that of time: those after the name `after`, at most `limit`. */
  async list({ after = "", limit }: { after?: string | undefined; limit: number }) {
    const found: Backup[] = [];
    for (const name of await namesIn(this.path)) {
      if (found.length === limit) break;
      const backup = name > after && (await this.#read(name));
      if (backup) found.push(backup);
    }
    return found;
  }

  /** Nothing where it is not a backup, or is being taken away. */
  async #read(name: string): Promise<Backup | undefined> {
    const named = parseBackupName(name);
    if (!named) return undefined;
    const file = join(this.path, name);
    try {
      const { size: bytes } = await stat(file);
      const sha256 = parseChecksum(await readFile(checksumFileOf(file), "utf8"));
      return sha256 === undefined ? undefined : { name, bytes, sha256, ...named };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** A clock that goes back must not let a backup replace another one. */
  async #named(made: Named & Pick<Backup, "bytes" | "sha256">): Promise<Backup> {
    const taken = new Set(await namesIn(this.path));
    for (let { createdAt } = made; ; createdAt++) {
      const named = { ...made, createdAt };
      const name = backupName({ ...named, clusterId: this.#clusterId });
      if (!taken.has(name)) return { name, ...named };
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
