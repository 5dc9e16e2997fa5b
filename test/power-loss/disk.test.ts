/** The disk that the long run loses power on; the run itself needs strace (`test:power-loss`). */
import { expect, it } from "vitest";
import { Random } from "../support/random.ts";
import { Disk } from "./disk.ts";
import { FATES } from "./fates.ts";
import type { Event } from "./trace.ts";

const write = (path: string, offset: number, text: string): Event => {
  return { kind: "write", path, offset, data: Buffer.from(text) };
};
const create = (path: string): Event => ({ kind: "create", path });
const sync = (path: string): Event => ({ kind: "sync", path });
const truncate = (path: string, size: number): Event => ({ kind: "truncate", path, size });

const FILE = "/data/f";
const MADE: Event[] = [create(FILE), write(FILE, 0, "old"), sync(FILE), sync("/data")];
const LONG = "x".repeat(512) + "y".repeat(512);

/** What a hundred power failures leave of the file; `undefined`: nothing, not even its name. */
function left(events: readonly Event[], fate: (typeof FATES)[number]): Set<string | undefined> {
  const disk = new Disk("/data");
  for (const event of events) disk.take(event);
  const random = new Random(1);
  return new Set(
    Array.from({ length: 100 }, () => disk.afterPowerLoss(fate, random).get(FILE)?.toString()),
  );
}

it.each(FATES)("keeps what is synced, when %s", (fate) => {
  expect(left(MADE, fate)).toEqual(new Set(["old"]));
  const truncated = [...MADE, truncate(FILE, 1), write(FILE, 2, "w"), sync(FILE)];
  expect(left(truncated, fate)).toEqual(new Set(["o\0w"]));
});

it.each([
  ["nothing is kept", ["old"]],
  ["everything is kept", ["new"]],
  ["it ends in the middle", ["old", "nld", "new"]],
  ["each block is as it was at some time", ["old", "nld", "new"]],
  ["each sector of each write is kept or not", ["old", "nld", "oew", "new"]],
] as const)("keeps of what is not synced what it says: %s", (fate, contents) => {
  const events = [...MADE, write(FILE, 0, "n"), write(FILE, 1, "ew")];
  expect(left(events, fate)).toEqual(new Set(contents));
});

it("tears a write where sectors end, and leaves zeros where it has a hole", () => {
  const events = [...MADE, truncate(FILE, 0), sync(FILE), write(FILE, 0, LONG)];
  expect(left(events, "each sector of each write is kept or not")).toEqual(
    new Set(["", LONG, LONG.slice(0, 512), "\0".repeat(512) + "y".repeat(512)]),
  );
});

it("loses a name whose directory is not synced, and what is in a lost directory", () => {
  const named = [create(FILE), write(FILE, 0, "new"), sync(FILE)];
  expect(left(named, "nothing is kept")).toEqual(new Set([undefined]));
  expect(left(named, "everything is kept")).toEqual(new Set(["new"]));
  expect(left([...MADE, { kind: "unlink", path: FILE }], "nothing is kept")).toEqual(
    new Set(["old"]),
  );
  const disk = new Disk("/");
  for (const event of [{ kind: "make directory", path: "/data" } as const, ...MADE]) {
    disk.take(event);
  }
  expect([...disk.afterPowerLoss("nothing is kept", new Random(1)).keys()]).toEqual([]);
  disk.take(sync("/"));
  expect([...disk.afterPowerLoss("nothing is kept", new Random(1)).keys()]).toEqual([FILE]);
});
