import { stat } from "node:fs/promises";

/** How large the files of a store are; one that isn't there is empty. */
export async function fileSizes(file: string): Promise<{ database: number; log: number }> {
  const [database, log] = await Promise.all([sizeOf(file), sizeOf(`${file}-wal`)]);
  return { database, log };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
