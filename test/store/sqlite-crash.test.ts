import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { a2cRow, DigestAccumulator, volumeRow } from "../../src/core/digest.ts";
import { restoreState, type StateRecords } from "../../src/core/stored-state.ts";
import { newFile, openStore } from "./sqlite-support.ts";

const CHILD = fileURLToPath(new URL("append-until-killed.mjs", import.meta.url));

it("keeps every acknowledged append of a process that is killed", async () => {
  const file = newFile();
  let revision = 0;
  // The child goes on appending, so the kill comes at any point of a later append.
  for (const acknowledgements of [1, 4, 11, 23]) {
    const lastAcknowledged = await appendUntilKilled(file, acknowledgements);
    expect(lastAcknowledged).toBeGreaterThan(revision);

    const store = await openStore(file);
    const records = await store.load();
    expect(records.revision).toBeGreaterThanOrEqual(lastAcknowledged);
    // An append is there whole or not at all: the child appends three decisions at once.
    expect(records.revision % 3).toBe(0);
    const headings = await store.revisions({ limit: 1_000_000 });
    expect(headings.map((heading) => heading.revision)).toEqual(
      Array.from({ length: records.revision }, (_, i) => records.revision - i),
    );
    expect(digestOfRows(records)).toEqual(records.digest);
    await store.close();
    revision = records.revision;
  }
});

it("is refused while another process has the file, and free once that is killed", async () => {
  const file = newFile();
  const { child, lines } = startChild(file);
  await lines.next();
  await expect(openStore(file)).rejects.toThrow(/is in use by another process/);
  await kill(child);
  await (await openStore(file)).close();
});

/** The last revision that the child has acknowledged before it was killed. */
async function appendUntilKilled(file: string, acknowledgements: number): Promise<number> {
  const { child, lines } = startChild(file);
  for (let i = 1; i < acknowledgements; i++) await lines.next();
  let last = Number((await lines.next()).value);
  await kill(child);
  for await (const line of lines) last = Number(line);
  return last;
}

function startChild(file: string) {
  const child = spawn(process.execPath, [CHILD, file], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Computed anew; that restoring them succeeds shows that the rows have no gap and no overlap. */
function digestOfRows(records: StateRecords) {
  const rows = new DigestAccumulator();
  for (const { map, ...volume } of restoreState(records).volumes.values()) {
    rows.toggle(volumeRow(volume));
    for (const range of map.ranges()) rows.toggle(a2cRow({ volumeId: volume.id, ...range }));
  }
  return rows.digest();
}
