/** The database that is to be replaced, which no service can open meanwhile. */
import { chmod, chown, link, stat } from "node:fs/promises";
import { removeDatabase } from "../backup/files.ts";
import { type Occupied, occupyDatabase } from "../store/sqlite/occupy.ts";

export interface Present {
  /** Of the cluster in it; 0 where there is none, or none that can be read. */
  readonly generation: number;
  /** Gives another file the same owner and rights, so that the service can open it. */
  lendRights(file: string): Promise<void>;
  /** Gives it one more name. */
  keepAs(file: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks it by a second name, `aside`, for which SQLite finds no log: nothing that stands beside
 * the database is taken in or removed.
 */
export async function occupyPresent(target: string, aside: string): Promise<Present> {
  const { uid, gid, mode } = await stat(target);
  await link(target, aside);
  let occupied: Occupied;
  try {
    occupied = occupyDatabase({ path: aside, name: target });
  } catch (error) {
    await removeDatabase(aside);
    throw error;
  }
  return {
    generation: occupied.generation ?? 0,
    lendRights: async (file) => {
      await chmod(file, mode & 0o777);
      const own = await stat(file);
      if (own.uid !== uid || own.gid !== gid) await chown(file, uid, gid);
    },
    keepAs: (file) => link(aside, file),
    release: async () => {
      occupied.release();
      await removeDatabase(aside);
    },
  };
}

/** Where there is no database yet. */
export const NOTHING_PRESENT: Present = {
  generation: 0,
  lendRights: async () => undefined,
  keepAs: async () => undefined,
  release: async () => undefined,
};

/** Whether there is something to be replaced. */
export async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
