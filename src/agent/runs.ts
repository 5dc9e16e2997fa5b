/** Sets of addresses as runs, both ends included, in order and disjoint. */

export interface Run {
  readonly firstLba: number;
  readonly lastLba: number;
}

/** The parts of `runs` that are in none of `taken`; what else a run has goes with its parts. */
export function subtract<T extends Run>(runs: readonly T[], taken: readonly Run[]): T[] {
  const left: T[] = [];
  let t = 0;
  for (const run of runs) {
    let next = run.firstLba;
    while (t < taken.length && taken[t]!.lastLba < run.firstLba) t++;
    for (let i = t; i < taken.length && taken[i]!.firstLba <= run.lastLba; i++) {
      const { firstLba, lastLba } = taken[i]!;
      if (firstLba > next) left.push({ ...run, firstLba: next, lastLba: firstLba - 1 });
      next = Math.max(next, lastLba + 1);
    }
    if (next <= run.lastLba) left.push({ ...run, firstLba: next });
  }
  return left;
}
