/**
 * Puts a backup in the place of the database. Everything is prepared in a file beside it; then one
 * rename decides: whenever this is killed, the old database is there or the new one, whole.
 */
import { link, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { removeDatabase, syncPath } from "../backup/files.ts";
import { formatFileTime } from "../backup/names.ts";
import { StartError } from "../start-error.ts";
import { examineFile } from "../store/sqlite/examine.ts";
import { copyChecked } from "./checked-copy.ts";
import { startGenerationIn } from "./new-generation.ts";
import { isThere, NOTHING_PRESENT, occupyPresent, type Present } from "./present.ts";
import { refuseSideFiles } from "./side-files.ts";

export interface RestoreOrder {
  /** The backup. */
  readonly file: string;
  /** The database to be replaced, or to be. */
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly processId: number;
  readonly workerUrl: URL;
}

export interface Restored {
  readonly generation: number;
  readonly revision: number;
  /** Where the database that was replaced is. */
  readonly replaced: string | undefined;
}

export async function restoreBackup(order: RestoreOrder): Promise<Restored> {
  const [file, target] = [resolve(order.file), resolve(order.target)];
  if (!(await isThere(file))) throw new StartError(`there is no backup ${file}`);
  if (!(await isThere(dirname(target)))) {
    throw new StartError(`the directory of ${target} does not exist: create it`);
  }
  refuseSideFiles(file, "it is not a backup, or somebody has it open");
  const making = `${target}.restoring-${order.processId}`;
  const hasPresent = await isThere(target);
  const present = hasPresent ? await occupyPresent(target, `${making}-old`) : NOTHING_PRESENT;
  try {
    refuseSideFiles(
      target,
      "start and stop the service, so that it takes in what it wrote last, or move the file away",
    );
    await removeLeftovers(target, making);
    await copyChecked({ from: file, to: making });
    examineFile({ file: making, name: file });
    const begun = await startGenerationIn({
      ...order,
      file: making,
      name: basename(file),
      otherGeneration: present.generation,
    });
    await present.lendRights(making);
    await syncPath(making);
    const replaced = hasPresent ? `${target}.replaced-${formatFileTime(order.now)}` : undefined;
    await putInPlace({ making, target, present, replaced });
    return { ...begun, replaced };
  } finally {
    await removeDatabase(making);
    await present.release();
  }
}

interface Placing {
  readonly making: string;
  readonly target: string;
  readonly present: Present;
  readonly replaced: string | undefined;
}

async function putInPlace({ making, target, present, replaced }: Placing): Promise<void> {
  const directory = dirname(target);
  if (replaced === undefined) {
    // Fails where a service has begun a database there meanwhile.
    await link(making, target);
  } else {
    await present.keepAs(replaced);
    await syncPath(directory);
    await rename(making, target);
  }
  await syncPath(directory);
}

/** What a restore that was killed has left; another one can't be running, but for its own names. */
async function removeLeftovers(target: string, own: string): Promise<void> {
  const directory = dirname(target);
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!path.startsWith(`${target}.restoring-`) || path.startsWith(own)) continue;
    await rm(path, { force: true });
  }
}
