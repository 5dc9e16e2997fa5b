/**
 * How far the level of all loads must be lowered until an amount has run over. A level is work per
 * weight, a fraction; at each one everybody gives clamp(work − level · weight, 0, cap).
 *
 * Of one kind, a level lies between two whole heights. So whether a basin gives at all, and
 * whether it gives all it may, is told by comparing whole numbers, exactly: only the height of the
 * level is a fraction, and it is reckoned once for each kind.
 */
import { invariant } from "../errors.ts";
import { indexesOf } from "./order.ts";
import { compareFractions, DOUBT, type Fraction, floorDivide, middleOf } from "./rational.ts";

/** Basins that differ only in how high they are filled. */
export interface BasinKind {
  readonly weightMilli: number;
  /** Stands on the link work. */
  readonly linked: boolean;
}

/** One basin for each process index; one without a cap takes no part. */
export interface Basins {
  readonly kinds: readonly BasinKind[];
  readonly kindOf: Uint32Array;
  /** Whole numbers that add up to at most 2^53 − 1; 1 = `scale` units of work. */
  readonly heights: Float64Array;
  /** The most that may be taken of each; at most its height. */
  readonly caps: Float64Array;
  readonly scale: bigint;
  /** What link holders work beside their height, in units. */
  readonly linkWork: bigint;
}

/** What has run over at some level is `excess` − level · `weight` more than it should. */
interface Overflow {
  readonly excess: bigint;
  readonly weight: bigint;
}

/**
 * Every few rounds the bracket is halved, however the edges lie. They are apart by a part in 10^12 at
 * least, so that so many rounds are only reached by a mistake, which must not stop all planning.
 */
const ROUNDS_PER_HALVING = 4;
const ROUNDS_MAX = 1_000;

/** The level, in units per thousandth of weight; `amount` is above 0 and below the sum of the caps. */
export function levelAfter(basins: Basins, amount: number): Fraction {
  const members = membersOf(basins);
  let { low, high } = boundsOf(basins, members);
  let level = middleOf(low, high);
  for (let round = 1; ; round++) {
    invariant(round < ROUNDS_MAX, "a level is found in some rounds");
    const { excess, weight } = overflowAt(level, amount, basins, members);
    const tooMuch = excess * level.denominator - weight * level.numerator;
    if (tooMuch === 0n) return level;
    if (tooMuch > 0n) low = level;
    else high = level;
    // Between two edges the overflow falls in a line, and this is where it comes to nothing.
    const root = { numerator: excess, denominator: weight };
    const isInside = weight > 0n && isBelow(low, root) && isBelow(root, high);
    level = isInside && round % ROUNDS_PER_HALVING > 0 ? root : middleOf(low, high);
  }
}

/** Those that have something to give. */
export function membersOf({ caps }: Basins): Int32Array {
  return indexesOf(caps.length, (index) => caps[index]! > 0);
}

/** A level below everything that may run over, and one above it, each a whole number. */
function boundsOf({ kinds, kindOf, heights, caps, ...rest }: Basins, members: Int32Array) {
  const [scale, linkWork] = [Number(rest.scale), Number(rest.linkWork)];
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
  for (const i of members) {
    const { weightMilli, linked } = kinds[kindOf[i]!]!;
    const base = linked ? linkWork : 0;
    lowest = Math.min(lowest, ((heights[i]! - caps[i]!) * scale + base) / weightMilli);
    highest = Math.max(highest, (heights[i]! * scale + base) / weightMilli);
  }
  const whole = (level: number) => ({ numerator: BigInt(Math.floor(level)), denominator: 1n });
  return {
    low: whole(lowest * (1 - DOUBT) - 1),
    high: whole(highest * (1 + DOUBT) + 2),
  };
}

function overflowAt(
  level: Fraction,
  amount: number,
  basins: Basins,
  members: Int32Array,
): Overflow {
  const { kinds, kindOf, heights, caps, scale, linkWork } = basins;
  const floorOf = floorsAt(level, basins);
  let [overflow, weight, linkHolders] = [0, 0, 0];
  for (const i of members) {
    const kind = kindOf[i]!;
    const [height, cap, floor] = [heights[i]!, caps[i]!, floorOf[kind]!];
    if (height <= floor) continue;
    if (height - cap > floor) {
      overflow += cap;
      continue;
    }
    overflow += height;
    weight += kinds[kind]!.weightMilli;
    if (kinds[kind]!.linked) linkHolders++;
  }
  return {
    excess: scale * BigInt(overflow - amount) + linkWork * BigInt(linkHolders),
    weight: BigInt(weight),
  };
}

/**
 * By kind: the height of a level, rounded down. Doubles decide where they clearly can: of thousands
 * of weights, each exact division would take twenty times as long.
 */
function floorsAt(level: Fraction, { kinds, scale, linkWork }: Basins): Float64Array {
  const { numerator, denominator } = level;
  const estimate = Number(numerator) / Number(denominator);
  const [unit, base] = [Number(scale), Number(linkWork)];
  const floors = new Float64Array(kinds.length);
  for (let kind = 0; kind < floors.length; kind++) {
    const { weightMilli, linked } = kinds[kind]!;
    const [own, beside] = [estimate * weightMilli, linked ? base : 0];
    const height = (own - beside) / unit;
    const doubt = (DOUBT * (Math.abs(own) + beside)) / unit;
    floors[kind] = Math.floor(height - doubt);
    if (floors[kind] === Math.floor(height + doubt)) continue;
    const above = numerator * BigInt(weightMilli) - (linked ? linkWork : 0n) * denominator;
    floors[kind] = Number(floorDivide(above, denominator * scale));
  }
  return floors;
}

function isBelow(a: Fraction, b: Fraction): boolean {
  return compareFractions(a, b) < 0;
}
