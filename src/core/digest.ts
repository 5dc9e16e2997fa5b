/**
 * The digest of the distributed state: the XOR of the SHA-256 of each canonical row, so that it
 * is kept up to date in the size of a change. Rows are fields joined by tabs; ids hold no tab.
 */
import { hash } from "node:crypto";
import type { A2cEntry, LinkAssignment, Process, VolumeId } from "./model.ts";

const DIGEST_BYTES = 32;

/** 32 bytes; never written to. */
export type Digest = Readonly<Uint8Array>;

export const EMPTY_DIGEST: Digest = new Uint8Array(DIGEST_BYTES);

export const volumeRow = (volume: { id: VolumeId; blockCount: number }): string =>
  `volume\t${volume.id}\t${volume.blockCount}`;

export const nodeRow = (
  process: Pick<Process, "id" | "storageServerId" | "rNodeId" | "cNodeId">,
): string =>
  `node\t${process.id}\t${process.storageServerId}\t${process.rNodeId}\t${process.cNodeId}`;

export const a2cRow = (entry: A2cEntry): string =>
  `a2c\t${entry.volumeId}\t${entry.firstLba}\t${entry.lastLba}\t${entry.cNodeId}`;

export const linkRow = (
  row: Pick<LinkAssignment, "linkId" | "rNodeId" | "remoteAddress" | "remotePort">,
): string =>
  `link\t${row.linkId}\t${row.rNodeId}\t${row.remoteAddress ?? ""}\t${row.remotePort ?? ""}`;

/** Puts rows in or takes them out (the same operation), and tells the digest that results. */
export class DigestAccumulator {
  readonly #bytes: Uint8Array;

  constructor(start: Digest = EMPTY_DIGEST) {
    this.#bytes = Uint8Array.from(start);
  }

  toggle(row: string): void {
    // As a string of bytes: a buffer for each of a million rows would take twice as long.
    const rowHash = hash("sha256", row, "binary");
    for (let i = 0; i < DIGEST_BYTES; i++) this.#bytes[i]! ^= rowHash.charCodeAt(i);
  }

  digest(): Digest {
    return Uint8Array.from(this.#bytes);
  }
}

/** Of some rows. */
export function digestOf(rows: Iterable<string>): Digest {
  const digest = new DigestAccumulator();
  for (const row of rows) digest.toggle(row);
  return digest.digest();
}

/** Of the rows of all of them, of which two that are alike cancel out. */
export function combined(...digests: readonly Digest[]): Digest {
  const bytes = new Uint8Array(DIGEST_BYTES);
  for (const digest of digests) {
    for (let i = 0; i < DIGEST_BYTES; i++) bytes[i]! ^= digest[i]!;
  }
  return bytes;
}

/** The form used in messages and answers: `xor-sha256:<64 hex digits>`. */
export function formatDigest(digest: Digest): string {
  return `xor-sha256:${Buffer.from(digest).toString("hex")}`;
}
