/**
 * Cuts the bytes of `{"entries": [ … ]}` where JSON.parse can take them part by part: texts of
 * whole elements, and the frame, which is everything else, with `[]` for each such list.
 *
 * It only tells strings and depth apart, and leaves all else to JSON.parse. That is enough: where
 * the whole is well-formed, both see the same structure; and where frame and elements are
 * well-formed, so is the whole, since the one only stands between two brackets of the other.
 * All cuts are at bytes that are no part of a longer character, so text is decoded part by part.
 */
import { malformedJson } from "./problems.ts";

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Of the members of the body, and of the elements of its list. */
const [MEMBERS, ELEMENTS] = [1, 2];
/** JSON.parse takes any depth, at some 30 bytes for each of a hundred million brackets. */
const DEPTH_MAX = 1000;
/** Longer than the key could be written with escapes. */
const KEY_BYTES_MAX = 64;

export interface SplitterParts {
  /** An element that ends beyond so many bytes ends the text that it is in. */
  readonly textBytes: number;
  /** The list begins; again where its key stands twice, and then only the last one counts. */
  readonly onList: () => void;
  /** Elements with commas between; `isLast` ends the list, in which there may be none at all. */
  readonly onElements: (text: string, isLast: boolean) => void;
}

export class EntriesSplitter {
  readonly #parts: SplitterParts;
  readonly #frame: Buffer[] = [];
  #elements: Uint8Array[] = [];
  #elementBytes = 0;
  #depth = 0;
  #inList = false;
  #inString = false;
  #escaped = false;
  #isObject = false;
  /** The key of a member, without its first quote; `undefined`: now is not the time for one. */
  #key: string | undefined;
  #inKey = false;
  /** The value to come is that of `entries`. */
  #isEntries = false;

  constructor(parts: SplitterParts) {
    this.#parts = parts;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#inString) {
        at = this.#passString(bytes, at);
        continue;
      }
      const byte = bytes[at++]!;
      if (byte === QUOTE) {
        this.#inString = true;
        this.#inKey = this.#depth === MEMBERS && this.#key !== undefined;
      } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
        if (this.#opens(byte)) {
          this.#keep(bytes, from, at);
          from = at;
          this.#inList = true;
        }
      } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
        this.#depth--;
        if (this.#inList && this.#depth === MEMBERS) {
          this.#keep(bytes, from, at - 1);
          this.#emit(true);
          this.#inList = false;
          from = at - 1;
        }
      } else if (byte === COMMA && this.#depth <= ELEMENTS) {
        if (this.#depth === MEMBERS) this.#key = "";
        else if (this.#inList && this.#elementBytes + at - from > this.#parts.textBytes) {
          this.#keep(bytes, from, at - 1);
          this.#emit(false);
          from = at;
        }
      } else if (byte === COLON && this.#depth === MEMBERS) this.#beginValue();
    }
    this.#keep(bytes, from, bytes.length);
  }

  /** The frame; a list that has not ended lacks its bracket there. */
  finish(): string {
    return Buffer.concat(this.#frame).toString("utf8");
  }

  /** Whether the list begins with this bracket. */
  #opens(bracket: number): boolean {
    const begins = this.#isEntries && this.#depth === MEMBERS && bracket === OPEN_BRACKET;
    this.#isEntries = false;
    if (++this.#depth > DEPTH_MAX) throw malformedJson(`nested deeper than ${DEPTH_MAX} levels`);
    if (this.#depth === MEMBERS) {
      this.#isObject = bracket === OPEN_BRACE;
      this.#key = "";
    }
    return begins;
  }

  #beginValue(): void {
    this.#isEntries = this.#isObject && isEntriesKey(this.#key);
    this.#key = undefined;
    if (this.#isEntries) this.#parts.onList();
  }

  /** Tells where the string ends, or the bytes do. */
  #passString(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#inString) {
      const byte = bytes[at++]!;
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    }
    if (this.#inKey && this.#key!.length < KEY_BYTES_MAX) {
      this.#key += Buffer.from(bytes.subarray(from, at)).toString("latin1");
    }
    return at;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    const part = bytes.subarray(from, to);
    if (this.#inList) {
      this.#elements.push(part);
      this.#elementBytes += part.length;
    } else {
      // A copy, because the few bytes of a frame would hold on to all that they came with.
      this.#frame.push(Buffer.from(part));
    }
  }

  #emit(isLast: boolean): void {
    const text = Buffer.concat(this.#elements).toString("utf8");
    this.#elements = [];
    this.#elementBytes = 0;
    this.#parts.onElements(text, isLast);
  }
}

/** `key` ends with its quote, and may be written with escapes. */
function isEntriesKey(key: string | undefined): boolean {
  try {
    return key !== undefined && JSON.parse(`"${key}`) === "entries";
  } catch {
    return false;
  }
}
