/** What becomes of that which has not been synced when the power fails. */
import type { Random } from "../support/random.ts";
import type { Change } from "./content.ts";

export const FATES = [
  "nothing is kept",
  "everything is kept",
  "it ends in the middle",
  "each block is as it was at some time",
  "each sector of each write is kept or not",
] as const;
export type Fate = (typeof FATES)[number];

const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;

/** In their order. */
export function keptChanges(changes: readonly Change[], fate: Fate, random: Random): Change[] {
  switch (fate) {
    case "nothing is kept":
      return [];
    case "everything is kept":
      return [...changes];
    case "it ends in the middle":
      return cutOff(piecesOf(changes, SECTOR_BYTES), random);
    case "each block is as it was at some time":
      return blocksAtSomeTime(piecesOf(changes, BLOCK_BYTES), random);
    case "each sector of each write is kept or not":
      return piecesOf(changes, SECTOR_BYTES).filter(() => random.chance(0.5));
  }
}

/** A directory is a block of its own, and names may come or go one without the other. */
export function keptNames<Naming>(namings: readonly Naming[], fate: Fate, random: Random) {
  switch (fate) {
    case "nothing is kept":
      return [];
    case "everything is kept":
      return [...namings];
    case "it ends in the middle":
    case "each block is as it was at some time":
      return cutOff(namings, random);
    case "each sector of each write is kept or not":
      return namings.filter(() => random.chance(0.5));
  }
}

function cutOff<Item>(items: readonly Item[], random: Random): Item[] {
  return items.slice(0, random.below(items.length + 1));
}

function blocksAtSomeTime(pieces: readonly Change[], random: Random): Change[] {
  const ends = new Map<number, number>();
  return pieces.filter((piece, i) => {
    const block = piece.kind === "write" ? Math.floor(piece.offset / BLOCK_BYTES) : -1;
    const end = ends.get(block) ?? random.below(pieces.length + 1);
    ends.set(block, end);
    return i < end;
  });
}

/** Cut where blocks begin. */
function piecesOf(changes: readonly Change[], blockBytes: number): Change[] {
  return changes.flatMap((change) => {
    if (change.kind !== "write") return [change];
    const pieces: Change[] = [];
    for (let at = 0; at < change.data.length; ) {
      const offset = change.offset + at;
      const end = Math.min(change.data.length, at + blockBytes - (offset % blockBytes));
      pieces.push({ kind: "write", offset, data: change.data.subarray(at, end) });
      at = end;
    }
    return pieces;
  });
}
