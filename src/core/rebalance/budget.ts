/** How a budget of moved addresses is shared by the volumes of a plan. */

export interface Need {
  /** Addresses that the volume has to move, a multiple of its extents. */
  readonly addresses: number;
  readonly extentBlocks: number;
}

/**
 * A share for each need, in proportion and in whole extents: largest remainders first, in the
 * order given among equal ones. As much of the budget is shared as fits: afterwards nobody who
 * still needs something has an extent that would go into what is left.
 */
export function shareBudget(needs: readonly Need[], budget: number): number[] {
  const total = needs.reduce((sum, { addresses }) => sum + addresses, 0);
  if (total <= budget) return needs.map(({ addresses }) => addresses);

  // remainder = the exact share − the share, in units of 1 / total.
  const entries = needs.map(({ addresses, extentBlocks }, index) => {
    const exact = BigInt(budget) * BigInt(addresses);
    const share = wholeExtents(Number(exact / BigInt(total)), extentBlocks);
    return { index, share, remainder: exact - BigInt(share) * BigInt(total) };
  });
  const shares = entries.map(({ share }) => share);
  let left = budget - shares.reduce((sum, share) => sum + share, 0);
  const order = entries.toSorted((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
  );
  const raise = (index: number, most: number) => {
    const { addresses, extentBlocks } = needs[index]!;
    const step = wholeExtents(Math.min(most, left, addresses - shares[index]!), extentBlocks);
    shares[index] = shares[index]! + step;
    left -= step;
  };
  for (const { index } of order) raise(index, needs[index]!.extentBlocks);
  for (const { index } of order) raise(index, left);
  return shares;
}

function wholeExtents(addresses: number, extentBlocks: number): number {
  return addresses - (addresses % extentBlocks);
}
