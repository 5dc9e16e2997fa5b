/**
 * Takes an amount from the top: as if the level of all loads were lowered until enough has run
 * over. Everyone gives clamp(work − μ · weight, 0, cap) for the one μ at which it sums up.
 */
import { invariant } from "../errors.ts";
import { type Fraction, floorDivide } from "./rational.ts";
import { sumOf } from "./sums.ts";
import type { TieOrder } from "./tie-order.ts";
import { handOut } from "./turns.ts";
import { type BasinKind, type Basins, levelAfter, membersOf } from "./water-level.ts";

export interface WaterCutOptions {
  readonly basins: Basins;
  /** At most the sum of the caps. */
  readonly amount: number;
  /** Order among equal remainders. */
  readonly tie: TieOrder;
}

/**
 * What each gives, by process index: floors of the exact shares, and one more for the largest
 * remainders.
 */
export function waterCut({ basins, amount, tie }: WaterCutOptions): Float64Array {
  invariant(amount >= 0, "a water cut takes, and gives nothing back");
  const { kindOf, heights, caps } = basins;
  if (amount >= sumOf(caps)) return caps.slice();
  const shares = new Float64Array(caps.length);
  if (amount === 0) return shares;

  const depthOf = depthsBelow(levelAfter(basins, amount), basins);
  const members = membersOf(basins);
  let left = amount;
  const candidates = members.filter((index) => {
    const { whole, remainder } = depthOf(kindOf[index]!);
    const share = Math.min(heights[index]! + whole, caps[index]!);
    if (share < 0) return false;
    shares[index] = share;
    left -= share;
    return share < caps[index]! && remainder > 0n;
  });
  const remainderOf = (index: number) => depthOf(kindOf[index]!).remainder;
  handOut(left, candidates, {
    compare: (a, b) => compareBigInts(remainderOf(b), remainderOf(a)),
    room: () => 1,
    tie,
    give: (index) => {
      shares[index] = shares[index]! + 1;
    },
  });
  return shares;
}

/** How far zero height lies above a level: a whole number of heights, and units beside. */
interface Depth {
  readonly whole: number;
  readonly remainder: bigint;
}

/** By kind; reckoned once for each that is asked for. */
function depthsBelow(level: Fraction, basins: Basins): (kind: number) => Depth {
  const known: Depth[] = [];
  return (kind) => {
    known[kind] ??= depthBelow(level, basins.kinds[kind]!, basins);
    return known[kind];
  };
}

function depthBelow(
  { numerator, denominator }: Fraction,
  { weightMilli, linked }: BasinKind,
  { scale, linkWork }: Basins,
): Depth {
  const unit = denominator * scale;
  const depth = (linked ? linkWork : 0n) * denominator - numerator * BigInt(weightMilli);
  const whole = floorDivide(depth, unit);
  return { whole: Number(whole), remainder: depth - whole * unit };
}

function compareBigInts(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
