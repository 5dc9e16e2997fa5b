/** What differs between two address maps, from a position in each. */
import type { RangeCursor } from "./address-map-walk.ts";
import type { CNodeId, OwnedRange } from "./model.ts";
import { type ListNumbers, Numbering } from "./numbering.ts";
import { NumberedRangesBuilder, type RangeColumns } from "./ranges.ts";
import { Pace, type Steps } from "./steps.ts";

/** The canonical rows that left and that came between two maps. */
export interface MapDifference {
  readonly removed: RangeColumns;
  readonly added: RangeColumns;
}

/** Ranges that are compared in one step, a few milliseconds' worth. */
const RANGES_PER_STEP = 32_768;

/** For maps that are compared one after another: of many, none may have a step's worth. */
export const paceOfComparison = (): Pace => new Pace(RANGES_PER_STEP);

/** Goes on to the end of both; chunks that both share are skipped, not looked at. */
export function* differenceOf(
  before: RangeCursor,
  after: RangeCursor,
  pace: Pace,
): Steps<MapDifference> {
  const owners = new Numbering<CNodeId>();
  const removed = new DifferingRanges(before, owners);
  const added = new DifferingRanges(after, owners);
  while (!before.done || !after.done) {
    if (before.skipShared(after)) continue;
    const leaves = !before.done && (after.done || before.firstLba <= after.firstLba);
    const comes = !after.done && (before.done || after.firstLba <= before.firstLba);
    const stays = leaves && comes && sameRange(before, after);
    if (leaves) {
      if (!stays) removed.addHere();
      before.advance();
    }
    if (comes) {
      if (!stays) added.addHere();
      after.advance();
    }
    if (pace.isTimeForPause()) yield;
  }
  return { removed: removed.build(), added: added.build() };
}

/** Those of one side. */
class DifferingRanges {
  readonly #cursor: RangeCursor;
  readonly #numbers: ListNumbers<CNodeId>;
  readonly #ranges: NumberedRangesBuilder;

  /** Both sides number their owners together: mostly they are the same. */
  constructor(cursor: RangeCursor, owners: Numbering<CNodeId>) {
    this.#cursor = cursor;
    this.#numbers = owners.numbersOf(cursor.owners);
    this.#ranges = new NumberedRangesBuilder(owners.values);
  }

  /** The range where the cursor stands. */
  addHere(): void {
    const { firstLba, lastLba, owner } = this.#cursor;
    this.#ranges.add(firstLba, lastLba, this.#numbers.at(owner));
  }

  build(): RangeColumns {
    return this.#ranges.build();
  }
}

export function sameRange(a: OwnedRange, b: OwnedRange): boolean {
  return a.firstLba === b.firstLba && a.lastLba === b.lastLba && a.cNodeId === b.cNodeId;
}
