/**
 * The receiver's state in a file that survives it: a line with a state, and a line for each
 * message that was taken since, so that what is written follows the change and not the tables.
 * Each line ends in the SHA-256 of its JSON. When the messages outgrow the state, the file is
 * written anew beside itself and takes its own place.
 *
 * A file with anything wrong in it counts for nothing, also where only its end is torn: it may
 * have lost a revision that was acknowledged, and a C-node that serves by the revision before
 * could be the second owner of what it has lost. A server without a state is sent a snapshot,
 * and serves nothing before all others have heard of it.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { StorageServerId } from "../core/model.ts";
import { decodeState } from "./decode-state.ts";
import { type Message, parseMessage } from "./message.ts";
import { receive } from "./receive.ts";
import { encodeState, FRESH_STATE, type ReceiverState } from "./receiver-state.ts";

/** Below this, messages are not worth a new file. */
const REWRITE_BYTES_MIN = 64 * 1024;

export interface ReadState {
  readonly state: ReceiverState;
  /** What is wrong with the file, in words; the state is then that of a fresh receiver. */
  readonly damage?: string | undefined;
}

/** Reads what was kept; a file that does not exist is a receiver that has never been sent to. */
export async function readStateFile(path: string, self: StorageServerId): Promise<ReadState> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: FRESH_STATE };
    throw error;
  }
  try {
    return { state: replay(bytes, self) };
  } catch (error) {
    return { state: FRESH_STATE, damage: (error as Error).message };
  }
}

function replay(bytes: Buffer, self: StorageServerId): ReceiverState {
  let state: ReceiverState | undefined;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) throw new Error("its end is torn");
    const json = contentOf(bytes.subarray(start, end));
    state = state ? afterMessage(state, json, self) : decodeState(json);
    start = end + 1;
  }
  if (!state) throw new Error("it is empty");
  return state;
}

function contentOf(line: Buffer): unknown {
  const json = line.subarray(0, Math.max(0, line.length - SUM_LENGTH));
  const sum = line.subarray(json.length).toString("latin1");
  if (sum !== sumOf([json])) throw new Error("a line has another checksum than its own");
  return JSON.parse(json.toString("utf8"));
}

function afterMessage(state: ReceiverState, json: unknown, self: StorageServerId): ReceiverState {
  const parsed = parseMessage(json);
  if (parsed.kind === "malformed") throw new Error(parsed.detail);
  const { state: next } = receive(state, parsed.message, self);
  if (next === state) throw new Error("it holds a message that changes nothing");
  return next;
}

const SUM_LENGTH = 64;

function sumOf(pieces: readonly (Buffer | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Keeps a state up to date in its file; one caller at a time. */
export class StateFile {
  readonly #path: string;
  /** Absent: the next write makes the file anew. */
  #file: FileHandle | undefined;
  #stateBytes = 0;
  #messageBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes `state` durable, to which `message` has led from what was kept last. */
  async keep(state: ReceiverState, message: Message): Promise<void> {
    const outgrown = this.#messageBytes > Math.max(REWRITE_BYTES_MIN, this.#stateBytes);
    try {
      if (!this.#file || outgrown || message.kind === "snapshot") await this.#rewrite(state);
      else await this.#append(this.#file, message);
    } catch (error) {
      // What has come into the file is unknown: nothing may be written behind it.
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #append(file: FileHandle, message: Message): Promise<void> {
    const json = JSON.stringify(message);
    const line = Buffer.from(`${json}${sumOf([json])}\n`);
    await file.appendFile(line);
    await file.datasync();
    this.#messageBytes += line.length;
  }

  async #rewrite(state: ReceiverState): Promise<void> {
    await this.close();
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      this.#stateBytes = await writeState(file, state);
      await file.sync();
      await rename(beside, this.#path);
      await syncDirectory(dirname(this.#path));
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#messageBytes = 0;
    this.#file = file;
  }
}

async function writeState(file: FileHandle, state: ReceiverState): Promise<number> {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const text of encodeState(state)) {
    const piece = Buffer.from(text);
    hash.update(piece);
    await file.writeFile(piece);
    bytes += piece.length;
  }
  await file.writeFile(`${hash.digest("hex")}\n`);
  return bytes;
}

/** The new name of a file is durable only with its directory. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}
