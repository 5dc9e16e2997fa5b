/** Exact fractions of BigInts. Denominators are positive everywhere. */
import { invariant } from "../errors.ts";
import { MICRO } from "../model.ts";

export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** What a double may be wrong by after a few steps, in parts of the terms. */
export const DOUBT = 2 ** -49;

export function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

export function ceilDivide(numerator: bigint, denominator: bigint): bigint {
  return -floorDivide(-numerator, denominator);
}

/** The nearest integer; a half goes up. */
export function roundHalfUp(numerator: bigint, denominator: bigint): bigint {
  return floorDivide(2n * numerator + denominator, 2n * denominator);
}

/** So many millionths of a whole number, half up; in doubles as long as they are exact. */
export function partOf(whole: number, micro: number): number {
  const doubled = 2 * whole * micro + MICRO;
  if (doubled <= Number.MAX_SAFE_INTEGER) return (doubled - (doubled % (2 * MICRO))) / (2 * MICRO);
  return Number(roundHalfUp(BigInt(whole) * BigInt(micro), BigInt(MICRO)));
}

export function compareFractions(a: Fraction, b: Fraction): number {
  return signOf(a.numerator * b.denominator - b.numerator * a.denominator);
}

/** About the middle between two fractions, the least first: of few digits, whatever theirs are. */
export function middleOf(low: Fraction, high: Fraction): Fraction {
  const [above, below] = [high.numerator * low.denominator, low.numerator * high.denominator];
  invariant(below < above, "between two fractions there is a middle");
  const unit = low.denominator * high.denominator;
  let bits = 0n;
  // Rounded to a quarter of the gap it lies between the two all the same.
  while ((above - below) << bits < 4n * unit) bits++;
  const numerator = floorDivide((above + below) << bits, 2n * unit);
  return { numerator, denominator: 1n << bits };
}

/** For display only: 128 bits after the point, far more than a double shows. */
export function toNumber({ numerator, denominator }: Fraction): number {
  return Number((numerator << 128n) / denominator) / 2 ** 128;
}

/**
 * The sign of a sum. Added up pairwise, so that ten thousand denominators multiply into large
 * numbers only in the last few additions.
 */
export function signOfSum(fractions: readonly Fraction[]): -1 | 0 | 1 {
  let level = fractions;
  while (level.length > 1) {
    const next: Fraction[] = [];
    for (let i = 0; i < level.length; i += 2) next.push(add(level[i]!, level[i + 1]));
    level = next;
  }
  return signOf(level[0]?.numerator ?? 0n);
}

function add(a: Fraction, b: Fraction | undefined): Fraction {
  if (!b) return a;
  if (a.denominator === b.denominator) {
    return { numerator: a.numerator + b.numerator, denominator: a.denominator };
  }
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

function signOf(value: bigint): -1 | 0 | 1 {
  if (value === 0n) return 0;
  return value > 0n ? 1 : -1;
}
