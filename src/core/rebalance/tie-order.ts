/**
 * The last word among equals of one volume: the SHA-256 of `<volumeId>\t<cNodeId>`, lower first,
 * so that a thousand tiny volumes don't all land on the same few nodes. Hashes are only made where
 * they count, and each once.
 */
import { hash } from "node:crypto";
import type { LoadModel } from "../load-model.ts";
import type { VolumeId } from "../model.ts";
import { sortByKey } from "./order.ts";

/** Puts equals, by process index, in order. */
export type TieOrder = (equals: Int32Array) => Int32Array;

/** So few of ten thousand begin alike with as many that these cost nothing. */
const LEADING_BYTES = 4;
/** Of one hash in four billion, too, which is made more than once then. */
const UNKNOWN = 0;

export function tieOrder(model: LoadModel, volumeId: VolumeId): TieOrder {
  const prefix = `${volumeId}\t`;
  // A byte a character, so that the order is that of the bytes.
  const digestOf = (index: number) => hash("sha256", prefix + model.cNodeIds[index], "binary");
  let leading: Uint32Array | undefined;
  return (equals) => {
    leading ??= new Uint32Array(model.processes.length);
    for (const index of equals) {
      if (leading[index] === UNKNOWN) leading[index] = leadingBytes(digestOf(index));
    }
    const ordered = equals.slice();
    // Numbers are sorted several times as fast, and hardly any two begin alike.
    sortByKey(ordered, leading);
    sortAlike(ordered, leading, digestOf);
    return ordered;
  };
}

function leadingBytes(digest: string): number {
  let number = 0;
  for (let i = 0; i < LEADING_BYTES; i++) number = 256 * number + digest.charCodeAt(i);
  return number;
}

/** Sorts those with one key by their whole digests. */
function sortAlike(
  ordered: Int32Array,
  keys: Uint32Array,
  digestOf: (index: number) => string,
): void {
  for (let i = 1; i < ordered.length; i++) {
    const index = ordered[i]!;
    const comesBefore = (other: number) =>
      keys[index] === keys[other] && digestOf(index) < digestOf(other);
    let to = i;
    for (; to > 0 && comesBefore(ordered[to - 1]!); to--) ordered[to] = ordered[to - 1]!;
    ordered[to] = index;
  }
}
