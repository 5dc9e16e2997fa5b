/** How `equalize` comes to its sizes, added up over the volumes while they are decided. */
import type { LoadModel } from "../load-model.ts";
import { toNumber } from "./rational.ts";
import type { Settlement } from "./settlement.ts";
import { addTo } from "./sums.ts";
import type { TargetShares } from "./targets.ts";
import type { ProcessShare } from "./types.ts";

type TargetParts = Pick<ProcessShare, "target"> &
  Pick<ProcessShare["share"], "base" | "weight" | "linkWork">;

/** Sums in addresses, by process index. */
export class ShareTally {
  readonly #model: LoadModel;
  readonly #targets: TargetShares;
  #addresses = 0;
  readonly #rounded: Float64Array;
  readonly #settled: Float64Array;
  readonly #reached: Float64Array;

  constructor(model: LoadModel, targets: TargetShares) {
    this.#model = model;
    this.#targets = targets;
    const count = model.processes.length;
    this.#rounded = new Float64Array(count);
    this.#settled = new Float64Array(count);
    this.#reached = new Float64Array(count);
  }

  /** What is wanted of a planned volume. */
  addDecided({ volume, targets, before, after }: Settlement): void {
    const { blockCount, extentBlocks } = volume;
    const { classOf } = this.#model;
    const { floor, ceiling } = targets;
    this.#addresses += blockCount;
    addTo(this.#settled, after, extentBlocks);
    addTo(this.#reached, before, extentBlocks);
    for (let i = 0; i < after.length; i++) {
      const kind = classOf[i]!;
      const rounded = Math.min(Math.max(after[i]!, floor[kind]!), ceiling[kind]!);
      this.#rounded[i] = this.#rounded[i]! + rounded * extentBlocks;
    }
  }

  /** What is moved of it, within the budget. */
  addMoved({ volume, surplus, need }: Settlement): void {
    addTo(this.#reached, need, volume.extentBlocks);
    addTo(this.#reached, surplus, -volume.extentBlocks);
  }

  shares(): ProcessShare[] {
    const { classOf } = this.#model;
    const { denominator } = this.#targets;
    // Targets are in proportion to T, so that those of all volumes together are the sums.
    const numerators = this.#targets.numerators.map((share) => share * BigInt(this.#addresses));
    const parts = this.#partsOfClasses(numerators, denominator);
    const roundings = numerators.map((numerator) => roundingOf(numerator, denominator));
    return this.#model.processes.map((_, i) => {
      const [rounded, settled] = [this.#rounded[i]!, this.#settled[i]!];
      const { target, ...share } = parts[classOf[i]!]!;
      return {
        target,
        share: {
          ...share,
          rounding: roundings[classOf[i]!]!(rounded),
          tolerance: settled - rounded,
          budget: this.#reached[i]! - settled,
        },
      };
    });
  }

  #partsOfClasses(numerators: readonly bigint[], denominator: bigint): TargetParts[] {
    const { classes, processCount } = this.#model;
    const active = classes.filter((kind) => kind.active);
    const weights = active.reduce((sum, kind) => sum + BigInt(kind.weightMilli * kind.count), 0n);
    const [addresses, count] = [BigInt(this.#addresses), BigInt(processCount)];
    return classes.map((kind, i) => {
      if (!kind.active) return { target: 0, base: 0, weight: 0, linkWork: 0 };
      const numerator = numerators[i]!;
      const byWeight = addresses * BigInt(kind.weightMilli);
      return {
        target: toNumber({ numerator, denominator }),
        base: toNumber({ numerator: addresses, denominator: count }),
        weight: toNumber({
          numerator: byWeight * count - addresses * weights,
          denominator: weights * count,
        }),
        linkWork: toNumber({
          numerator: numerator * weights - byWeight * denominator,
          denominator: denominator * weights,
        }),
      };
    });
  }
}

/** What rounding adds to a target, reckoned once for each size: of a class most are one of two. */
function roundingOf(numerator: bigint, denominator: bigint): (rounded: number) => number {
  const known = new Map<number, number>();
  return (rounded) => {
    let rounding = known.get(rounded);
    if (rounding === undefined) {
      const excess = BigInt(rounded) * denominator - numerator;
      rounding = toNumber({ numerator: excess, denominator });
      known.set(rounded, rounding);
    }
    return rounding;
  };
}
