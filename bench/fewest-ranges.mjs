/**
 * The fewest ranges of a tiny table with given sizes, reached with the least movement, by an exact
 * search: address by address, over the last owner and what everybody has left to get. Whoever ends
 * with more than it had gives nothing away, and whoever ends with less gets nothing.
 */
export function fewestRanges(owners, sizes) {
  const before = sizes.map((_, index) => owners.filter((owner) => owner === index).length);
  const mayGive = sizes.map((size, index) => size < before[index]);
  const mayGet = sizes.map((size, index) => size > before[index]);
  const known = new Map();
  const search = (lba, last, left) => {
    if (lba === owners.length) return 0;
    const key = `${lba} ${last} ${left.join(" ")}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [owner, room] of left.entries()) {
      const stays = owner === owners[lba];
      if (room === 0 || !(stays || (mayGet[owner] && mayGive[owners[lba]]))) continue;
      const rest = search(lba + 1, owner, left.with(owner, room - 1));
      fewest = Math.min(fewest, rest + (owner === last ? 0 : 1));
    }
    known.set(key, fewest);
    return fewest;
  };
  return search(0, -1, sizes);
}
