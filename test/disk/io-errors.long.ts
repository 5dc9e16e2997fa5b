/** Whatever the disk fails at: no success for a write that isn't there, and an end where it must. */
import { expect, it } from "vitest";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";
import { type Fault, runWith, startWith } from "./faulty-disk.ts";

/** Of each kind. */
const FAULTS = Number(process.env.DISK_FAULTS ?? 5);
const FAULT_MS_MAX = 120_000;
const timeout = FAULTS * FAULT_MS_MAX;
const random = new Random(seed);
/** At which of the first so many calls it begins; there are more, however writes are batched. */
const places = (count: number) => Array.from({ length: FAULTS }, () => 1 + random.below(count));

const log = (inject: string): Fault => ({ file: "evenkeel.db-wal", inject });
const database = (inject: string): Fault => ({ file: "evenkeel.db", inject });

it("ends where a sync of the log fails, and says what is unknown", { timeout }, async () => {
  for (const place of places(75)) {
    const fault = log(`fsync:error=EIO:when=${place}`);
    const { code, fatal, mistakes } = await runWith(fault, temporaryDirectory());
    expect(mistakes, fault.inject).toEqual([]);
    expect(code, fault.inject).toBe(1);
    expect(fatal).toMatch(/the outcome of the last writes is unknown, and shows at the next start/);
  }
});

it("ends where a write to the log fails", { timeout }, async () => {
  for (const place of places(1000)) {
    const fault = log(`pwrite64:error=EIO:when=${place}`);
    const { code, fatal, mistakes } = await runWith(fault, temporaryDirectory());
    expect(mistakes, fault.inject).toEqual([]);
    expect(code, fault.inject).toBe(1);
    expect(fatal).toMatch(/the outcome of the last writes is unknown/);
  }
});

it("ends where a checkpoint's sync or write fails", { timeout }, async () => {
  const faults = [
    database("fsync:error=EIO:when=1"),
    ...places(40).map((place) => database(`pwrite64:error=EIO:when=${place}`)),
  ];
  for (const fault of faults.slice(0, FAULTS)) {
    const { code, fatal, mistakes } = await runWith(fault, temporaryDirectory());
    expect(mistakes, fault.inject).toEqual([]);
    expect(code, fault.inject).toBe(1);
    expect(fatal).toMatch(/what was answered is in its log, which the next start reads/);
  }
});

it("answers 507 while the log can't grow, and goes on after", { timeout }, async () => {
  for (const place of places(1000)) {
    // More often than there are answers under way, which are given though they can't be kept.
    const fault = log(`pwrite64:error=ENOSPC:when=${place}..${place + 30}`);
    const { code, refused, mistakes } = await runWith(fault, temporaryDirectory());
    expect(mistakes, fault.inject).toEqual([]);
    expect([code, refused > 0], fault.inject).toEqual([undefined, true]);
  }
});

it("keeps in the log what there is no room for in the database", { timeout }, async () => {
  for (const place of places(40)) {
    const fault = database(`pwrite64:error=ENOSPC:when=${place}..${place + 200}`);
    const { code, refused, mistakes } = await runWith(fault, temporaryDirectory());
    expect(mistakes, fault.inject).toEqual([]);
    expect([code, refused], fault.inject).toEqual([undefined, 0]);
  }
});

it.each(["fsync:error=EIO", "pwrite64:error=EIO", "pwrite64:error=ENOSPC"])(
  "does not start where %s meets it, and says so in a line",
  { timeout },
  (what) => {
    for (const file of ["evenkeel.db", "evenkeel.db-wal"] as const) {
      const { code, stderr } = startWith({ file, inject: `${what}:when=1` }, temporaryDirectory());
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^evenkeel: .*evenkeel\.db (failed: disk I|can't grow, the disk is full).*\n$/,
      );
    }
  },
);
