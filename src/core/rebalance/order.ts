/** Sorting by numbers, a million of them: a comparator takes ten times as long. */

/** Up to here, going through what is sorted already is faster than counting digits. */
const FEW = 48;
/** For each of more, so many steps through it: ids that are nearly in order need no more. */
const STEPS_EACH_MAX = 2;
/** Up to here, more rounds over fewer digits are faster: each round goes through all digits, too. */
const SOME = 1024;
const SMALL_BASE = 2 ** 7;
const LARGE_BASE = 2 ** 11;

type Keys = Float64Array | Uint32Array;

/** Sorts `ids` by `keys[id]`, whole numbers from 0 to 2^53 − 1, ascending; equal ones stay in order. */
export function sortByKey(ids: Int32Array, keys: Keys): void {
  const steps = ids.length <= FEW ? Number.POSITIVE_INFINITY : STEPS_EACH_MAX * ids.length;
  if (!insertOneByOne(ids, keys, steps)) sortByDigits(ids, keys);
}

/** The same, descending. */
export function sortLargestFirst(ids: Int32Array, keys: Float64Array): void {
  // The wrong way round twice, so that equal ones stay in order.
  ids.reverse();
  sortByKey(ids, keys);
  ids.reverse();
}

/** Whether it came to the end; equal ids are in order in any case. */
function insertOneByOne(ids: Int32Array, keys: Keys, stepsMax: number): boolean {
  let steps = stepsMax;
  for (let i = 1; i < ids.length && steps >= 0; i++) {
    const id = ids[i]!;
    const key = keys[id]!;
    let place = i;
    for (; place > 0 && keys[ids[place - 1]!]! > key; place--) ids[place] = ids[place - 1]!;
    ids[place] = id;
    steps -= i - place;
  }
  return steps >= 0;
}

/** From the lowest digit to the highest one that any key has. */
function sortByDigits(ids: Int32Array, keys: Keys): void {
  let from = ids;
  let to: Int32Array = new Int32Array(ids.length);
  let largest = 0;
  for (const id of ids) largest = Math.max(largest, keys[id]!);
  const base = ids.length <= SOME ? SMALL_BASE : LARGE_BASE;
  const counts = new Int32Array(base);
  for (let unit = 1; unit <= largest; unit *= base) {
    // Bitwise, a number counts modulo 2^32, without its fraction.
    const digitOf = (id: number) => (keys[id]! / unit) & (base - 1);
    counts.fill(0);
    for (const id of from) counts[digitOf(id)]!++;
    for (let digit = 0, place = 0; digit < base; digit++) {
      place += counts[digit]!;
      counts[digit] = place - counts[digit]!;
    }
    for (const id of from) to[counts[digitOf(id)]!++] = id;
    [from, to] = [to, from];
  }
  if (from !== ids) ids.set(from);
}

/** `first`, `first` + 1 and so on: a plain loop is ten times as fast as `Int32Array.from`. */
export function countFrom(first: number, count: number): Int32Array<ArrayBuffer> {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = first + i;
  return numbers;
}

/** Of the numbers 0 … `count` − 1, those that are wanted. */
export function indexesOf(count: number, isWanted: (index: number) => boolean): Int32Array {
  const indexes = new Int32Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (isWanted(i)) indexes[found++] = i;
  }
  return indexes.subarray(0, found);
}
