import type { Backup, BackupDirectory } from "../backup/directory.ts";
import type { Examination } from "../backup/examine-thread.ts";
import { fileErrorOf } from "../backup/file-errors.ts";
import { Refusal } from "../core/errors.ts";
import { errorOf } from "../store/sqlite/remote.ts";
import type { Store } from "../store/store.ts";
import type { Threads } from "../threads/threads.ts";

export type { Backup };

export interface BackupParts {
  readonly store: Pick<Store, "copyTo">;
  /** Absent where the store makes no copies of itself. */
  readonly directory: BackupDirectory | undefined;
  /** Its own, so that no plan waits for the examination of a copy. */
  readonly threads: Threads;
  readonly now: () => number;
}

interface Place {
  readonly copyTo: (file: string) => Promise<void>;
  readonly directory: BackupDirectory;
}

/** Makes backups, one at a time, while everything else goes on. */
export class Backups {
  readonly #parts: BackupParts;
  #running: Promise<Backup> | undefined;

  constructor(parts: BackupParts) {
    this.#parts = parts;
  }

  /** Answers when the backup is examined and durable. It is made to its end, whoever goes away. */
  make(): Promise<Backup> {
    const place = this.#place();
    if (this.#running) {
      throw new Refusal("backup-running", {
        detail: "a backup is being made",
        correction: "Wait until it is in the list of backups",
      });
    }
    this.#running = this.#make(place).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** In the order in which they were made. */
  async list(page: { after?: string | undefined; limit: number }): Promise<Backup[]> {
    const { directory } = this.#place();
    try {
      return await directory.list(page);
    } catch (error) {
      throw fileErrorOf(error, directory.path);
    }
  }

  /** To be called when the store is closed: what is being made fails, and is taken away. */
  async close(): Promise<void> {
    await this.#parts.threads.close();
    await this.#running?.catch(() => undefined);
  }

  #place(): Place {
    const { store, directory } = this.#parts;
    if (store.copyTo && directory) {
      return { copyTo: (file) => store.copyTo!(file), directory };
    }
    throw new Refusal("backups-elsewhere", {
      detail: "backups of this store are made by its database",
      correction: "Use the database's own means, such as pg_dump or its continuous archive",
    });
  }

  async #make({ copyTo, directory }: Place): Promise<Backup> {
    const { threads, now } = this.#parts;
    try {
      const file = await directory.begin();
      await copyTo(file);
      const examination = await threads.run<Examination>("backup/examine-thread.js", file);
      if ("failure" in examination) throw errorOf(examination.failure);
      return await directory.publish({ ...examination.examined, createdAt: now() });
    } catch (error) {
      await directory.discard().catch(() => undefined);
      throw fileErrorOf(error, directory.path);
    }
  }
}
