/** Values that have broken services before, and ids that mean something in the seeded cluster. */
import type { Random } from "../support/random.ts";

const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  -0,
  0.1,
  1e-7,
  1.5,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  1e21,
  1e308,
  "",
  " ",
  "0",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "../../etc/passwd",
  "%2e%2e%2f",
  "'; DROP TABLE volumes; --",
  "a\u0000b",
  "\ud800",
  "\u{1f4a9}",
  "é",
  "‮",
  "x".repeat(129),
  "x".repeat(5000),
  [],
  {},
  [[]],
  [null],
  { id: null },
  { toString: 1 },
  { length: 2 ** 32 },
];

const KNOWN = [
  ...["s-1", "s-2", "s-3", "A", "B", "C", "r-a", "r-b", "r-c", "c-1", "c-2", "c-3"],
  ...["link-1", "link-2", "vol-1", "vol-2", "active", "draining", "up", "down"],
  ...["equalize", "pairwise", "proportional", "consolidate", "http://127.0.0.1:9/x"],
];

/** One value in the place of another. */
export function anyValue(random: Random): unknown {
  const kind = random.below(4);
  if (kind === 0) return random.pick(KNOWN);
  if (kind === 1) return random.below(200);
  return random.pick(HOSTILE);
}

/** As text, for a path or a query. */
export function anyText(random: Random): string {
  const value = anyValue(random);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "id",
  "revision",
  "extra",
  "",
  "\u0000",
  "é",
];

export const anyKey = (random: Random): string => random.pick(KEYS);
