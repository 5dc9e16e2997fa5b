import { type Digest, DigestAccumulator } from "../core/digest.ts";
import { lineOf } from "./rows/all-tables.ts";
import type { SqlRow } from "./rows/columns.ts";

/** Of rows in whichever order they come. Two that are alike cancel out, so they are counted too. */
export class RowDigest {
  readonly #rows = new DigestAccumulator();
  #count = 0;

  add(rows: readonly SqlRow[]): void {
    for (const row of rows) this.#rows.toggle(lineOf(row));
    this.#count += rows.length;
  }

  get count(): number {
    return this.#count;
  }

  equals(other: RowDigest): boolean {
    return this.#count === other.#count && Buffer.compare(this.digest(), other.digest()) === 0;
  }

  digest(): Digest {
    return this.#rows.digest();
  }
}
