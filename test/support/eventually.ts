import { setImmediate as letOthersRun } from "node:timers/promises";

/**
 * Reads again and again until what is read is as wanted, for what another process tells in its own
 * time; the test's own time-out is the bound.
 */
export async function eventually<T>(
  read: () => Promise<T>,
  isWanted: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await read();
    if (isWanted(value)) return value;
    await letOthersRun();
  }
}
