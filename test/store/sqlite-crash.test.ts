import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { a2cRow, DigestAccumulator, formatDigest, volumeRow } from "../../src/core/digest.ts";
import { rangesOf } from "../../src/core/ranges.ts";
import { restoreState, type StateRecords } from "../../src/core/stored-state.ts";
import type { Store } from "../../src/store/store.ts";
import { newFile, openStore } from "./sqlite-support.ts";

const CHILD = fileURLToPath(new URL("append-until-killed.mjs", import.meta.url));

it.each([
  { how: "at once", deferredRowsMin: 10_000 },
  { how: "later", deferredRowsMin: 1 },
])("keeps every acknowledged append of one that is killed and writes rows $how", async (child) => {
  const file = newFile();
  let revision = 0;
  // The child goes on appending, so the kill comes at any point of a later append.
  for (const acknowledgements of [1, 4, 11, 23]) {
    const lastAcknowledged = await appendUntilKilled(file, acknowledgements, child);
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

it("goes on pruning where a kill has interrupted it, and reads what it keeps", async () => {
  const file = newFile();
  const limits = { revisionsMax: 10, bytesMax: 2 ** 40 };
  let floor = 0;
  for (const acknowledgements of [6, 9, 14]) {
    await appendUntilKilled(file, acknowledgements, limits);
    const store = await openStore(file);
    const { revision: head, digest } = await store.load();
    expect(await store.floorRevision()).toBeGreaterThanOrEqual(floor);
    floor = await store.floorRevision();
    const kept = Array.from({ length: head - floor + 1 }, (_, i) => floor + i);
    const before = await Promise.all(kept.map((revision) => digestAt(store, revision)));
    for (let done = false; !done; ) {
      ({ done, floorRevision: floor } = await store.prune(limits, 7, 0));
    }
    expect(head - floor).toBeLessThan(limits.revisionsMax);
    const after = await Promise.all(kept.map((revision) => digestAt(store, revision)));
    expect(after.slice(-1)).toEqual([formatDigest(digest)]);
    expect(after).toEqual(before.map((one, i) => (kept[i]! < floor ? undefined : one)));
    await store.close();
  }
  expect(floor).toBeGreaterThan(0);
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
async function appendUntilKilled(
  file: string,
  acknowledgements: number,
  options: ChildOptions,
): Promise<number> {
  const { child, lines } = startChild(file, options);
  for (let i = 1; i < acknowledgements; i++) await lines.next();
  let last = Number((await lines.next()).value);
  await kill(child);
  for await (const line of lines) last = Number(line);
  return last;
}

interface ChildOptions {
  readonly revisionsMax?: number;
  readonly deferredRowsMin?: number;
}

function startChild(file: string, options: ChildOptions = {}) {
  const parameters = [CHILD, file, JSON.stringify(options)];
  const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Computed from the rows of a revision, and found to be what was kept with it. */
async function digestAt(store: Store, revision: number): Promise<string | undefined> {
  const tables = await store.tablesAt(revision);
  if (!tables) return undefined;
  const rows = new DigestAccumulator();
  for (const volume of tables.volumes) {
    rows.toggle(volumeRow(volume));
    const ranges = await store.rangesAt(revision, { volumeId: volume.id, limit: 10_000 });
    for (const range of rangesOf(ranges!)) rows.toggle(a2cRow({ volumeId: volume.id, ...range }));
  }
  expect(formatDigest(rows.digest())).toBe(formatDigest(tables.digest));
  return formatDigest(tables.digest);
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
