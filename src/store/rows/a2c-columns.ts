/** Rows of the A2C table, of which there may be a million: handed over in columns. */
import type { CNodeId, VolumeId } from "../../core/model.ts";
import { type RangeColumns, RangeColumnsBuilder } from "../../core/ranges.ts";

export type A2cRow = [volumeId: VolumeId, firstLba: number, lastLba: number, cNodeId: CNodeId];

export const A2C_COLUMNS = "volume_id, first_lba, last_lba, c_node_id";

/** Not a constant: the buffers are handed over. */
export const noRanges = (): RangeColumns => new RangeColumnsBuilder().build();

/** Gathers rows that come volume by volume. */
export class RangesByVolume {
  readonly #builders = new Map<VolumeId, RangeColumnsBuilder>();

  add(rows: Iterable<A2cRow>): this {
    for (const [volumeId, firstLba, lastLba, cNodeId] of rows) {
      let builder = this.#builders.get(volumeId);
      if (!builder) {
        builder = new RangeColumnsBuilder();
        this.#builders.set(volumeId, builder);
      }
      builder.add({ firstLba, lastLba, cNodeId });
    }
    return this;
  }

  build(): Map<VolumeId, RangeColumns> {
    return new Map([...this.#builders].map(([volumeId, builder]) => [volumeId, builder.build()]));
  }
}

export function byVolume(rows: Iterable<A2cRow>): Map<VolumeId, RangeColumns> {
  return new RangesByVolume().add(rows).build();
}
