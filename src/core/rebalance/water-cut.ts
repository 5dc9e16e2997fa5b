/**
 * Takes an amount from the top: as if the level of all loads were lowered until enough has run
 * over. Everyone gives clamp(work − μ · weight, 0, cap) for the one μ at which it sums up.
 */
import { compareFractions, type Fraction } from "./rational.ts";
import { handOut, type TieOrder } from "./turns.ts";

export interface Basin {
  /** Index of the process. */
  readonly index: number;
  /** In units of 1 / scale. */
  readonly work: bigint;
  readonly weightMilli: number;
  /** The most that may be taken, a whole number; 1 = `scale` units. */
  readonly cap: number;
}

export interface WaterCutOptions {
  readonly basins: readonly Basin[];
  /** At most the sum of the caps. */
  readonly amount: number;
  readonly scale: bigint;
  /** Order among equal remainders. */
  readonly tie: TieOrder;
}

/** What each gives: floors of the exact shares, and one more for the largest remainders. */
export function waterCut({ basins, amount, scale, tie }: WaterCutOptions): Map<number, number> {
  const total = basins.reduce((sum, { cap }) => sum + cap, 0);
  if (amount >= total) return new Map(basins.map(({ index, cap }) => [index, cap]));
  if (amount === 0) return new Map();

  const level = levelAfter(basins, BigInt(amount) * scale, scale);
  const unit = level.denominator * scale;
  const shares = new Map<number, number>();
  const candidates: number[] = [];
  const remainders: bigint[] = [];
  let left = amount;
  for (const { index, work, weightMilli, cap } of basins) {
    const above = work * level.denominator - level.numerator * BigInt(weightMilli);
    if (above <= 0n) continue;
    const whole = above / unit;
    const share = whole >= BigInt(cap) ? cap : Number(whole);
    shares.set(index, share);
    left -= share;
    remainders[index] = above % unit;
    if (share < cap && remainders[index] > 0n) candidates.push(index);
  }
  handOut(left, candidates, {
    compare: (a, b) => compareBigInts(remainders[b]!, remainders[a]!),
    room: () => 1,
    tie,
    give: (index) => shares.set(index, shares.get(index)! + 1),
  });
  return shares;
}

/** A level: a basin begins to give at its top, and has nothing left to give below its bottom. */
interface Edge extends Fraction {
  readonly top: boolean;
  readonly estimate: number;
}

/** The μ, in units per thousandth of weight, at which `units` have run over. */
function levelAfter(basins: readonly Basin[], units: bigint, scale: bigint): Fraction {
  const edges = basins.flatMap(({ work, weightMilli, cap }) => [
    edgeAt(work, weightMilli, true),
    edgeAt(work - BigInt(cap) * scale, weightMilli, false),
  ]);
  edges.sort(highestFirst);
  // At a level μ, `excess` − μ · `weight` has run over beyond `units`.
  let [excess, weight] = [-units, 0n];
  for (const { top, numerator, denominator } of edges) {
    if (excess * denominator >= numerator * weight) break;
    excess += top ? numerator : -numerator;
    weight += top ? denominator : -denominator;
  }
  return { numerator: excess, denominator: weight };
}

function edgeAt(work: bigint, weightMilli: number, top: boolean): Edge {
  const estimate = Number(work) / weightMilli;
  return { top, numerator: work, denominator: BigInt(weightMilli), estimate };
}

/** Doubles decide where they clearly differ: exact comparison is forty times as slow. */
function highestFirst(a: Edge, b: Edge): number {
  const difference = b.estimate - a.estimate;
  const doubt = 1e-12 * (Math.abs(a.estimate) + Math.abs(b.estimate));
  return Math.abs(difference) > doubt ? difference : compareFractions(b, a);
}

function compareBigInts(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
