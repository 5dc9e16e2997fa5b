/** The columns of changes are handed over to the store, and are empty afterwards. */
import type { MapChange } from "../core/changes.ts";
import { invariant } from "../core/errors.ts";
import { columnBuffers, type RangeColumns } from "../core/ranges.ts";
import type { Append } from "./revisions.ts";

/** What to transfer with the entries. */
export function buffersOf(entries: readonly Pick<Append, "changes">[]): ArrayBuffer[] {
  const buffers = entries.flatMap(({ changes }) =>
    rangesOfMaps(changes.maps).flatMap(columnBuffers),
  );
  invariant(!buffers.some(isHandedOver), "the columns of changes are handed over only once");
  return buffers;
}

export const rangesOfMaps = (maps: readonly MapChange[]): RangeColumns[] =>
  maps.flatMap(({ removed, added }) => [removed, added]);

/** Such a buffer could be sent, and would not arrive: nobody would be answered. */
function isHandedOver(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
