/**
 * Snapshots, encoded and compressed once per revision: small ones are pushed as they are, large
 * ones by reference, and then fetched by as many servers as there are.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setImmediate as letOthersRun } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import type { ClusterState } from "../core/cluster-state.ts";
import { encodeUpdate, snapshotMessage, type TablesUpdate } from "../core/delta.ts";

const compress = promisify(gzip);

/** Above this a snapshot goes by reference. */
const PUSHED_BYTES_MAX = 1024 * 1024;
/** The head's and the one before, which somebody may still be fetching. */
const KEPT_MAX = 2;

export interface Snapshot {
  readonly message: TablesUpdate;
  /** Of the encoded message. */
  readonly bytes: number;
  /** Of the same, in hex. */
  readonly sha256: string;
  /** The encoded message itself, where it is small enough to be pushed. */
  readonly whole: Buffer | undefined;
  /** The encoded message, compressed. */
  readonly gzip: () => Promise<Buffer>;
}

export class Snapshots {
  readonly #built = new Map<string, Promise<Snapshot>>();

  /** The snapshot of a state; `settledRevision` is as of now, while `state` is the head. */
  of(state: ClusterState, settledRevision: number): Promise<Snapshot> {
    return this.#build(keyOf(state.generation, state.distributedRevision), state, settledRevision);
  }

  /** The very one that another process has named, with what it called settled. */
  async named(state: ClusterState, settledRevision: number): Promise<Snapshot> {
    const { generation, distributedRevision: revision } = state;
    const known = await this.find(generation, revision);
    if (known?.message.settledRevision === settledRevision) return known;
    return this.#build(`${keyOf(generation, revision)} ${settledRevision}`, state, settledRevision);
  }

  #build(key: string, state: ClusterState, settledRevision: number): Promise<Snapshot> {
    const known = this.#built.get(key);
    if (known) return known;
    const building = encoded(snapshotMessage(state, settledRevision));
    this.#built.set(key, building);
    for (const oldest of this.#built.keys()) {
      if (this.#built.size > KEPT_MAX) this.#built.delete(oldest);
    }
    building.catch(() => this.#built.delete(key));
    return building;
  }

  /** One that is kept. */
  find(generation: number, revision: number): Promise<Snapshot> | undefined {
    return this.#built.get(keyOf(generation, revision));
  }
}

const keyOf = (generation: number, revision: number) => `${generation}.${revision}`;

async function encoded(message: TablesUpdate): Promise<Snapshot> {
  const whole = smallBytes(message);
  if (!whole) return large(message);
  const sha256 = createHash("sha256").update(whole).digest("hex");
  const gzipped = once(() => compress(whole));
  return { message, bytes: whole.length, sha256, whole, gzip: gzipped };
}

/** The message in one piece, where it is small. */
function smallBytes(message: TablesUpdate): Buffer | undefined {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (const text of encodeUpdate(message)) {
    const piece = Buffer.from(text);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > PUSHED_BYTES_MAX) return undefined;
  }
  return Buffer.concat(pieces);
}

/** Compressed while it is encoded, so that it never stands in memory as a whole. */
async function large(message: TablesUpdate): Promise<Snapshot> {
  const hash = createHash("sha256");
  let bytes = 0;
  async function* pieces() {
    for (const text of encodeUpdate(message)) {
      const piece = Buffer.from(text);
      bytes += piece.length;
      hash.update(piece);
      yield piece;
      // A large table takes a second altogether.
      await letOthersRun();
    }
  }
  const gzipped = await buffer(Readable.from(pieces()).pipe(createGzip()));
  const sha256 = hash.digest("hex");
  return { message, bytes, sha256, whole: undefined, gzip: async () => gzipped };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
