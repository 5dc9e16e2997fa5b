/**
 * A whole map as a caller sends it, taken as its bytes come: at no moment does more of it stand in
 * memory as text or as objects than one part of its entries. What it decides, and in which words,
 * is what JSON.parse and the schema say of the whole.
 */
import type { z } from "zod";
import { type MapEntries, sortRanges } from "../core/decisions/map-entries.ts";
import { RangeColumnsBuilder } from "../core/ranges.ts";
import { EntriesSplitter } from "./entries-splitter.ts";
import { FieldErrors } from "./parse.ts";
import { HttpProblem, malformedJson } from "./problems.ts";
import { mapPut } from "./schemas/tables.ts";
import { mapEntries } from "./schemas/topology.ts";

/** A thousand entries: fewer cost more calls, more are no faster. */
const TEXT_BYTES = 64 * 1024;

export class MapBodyParser {
  readonly #splitter: EntriesSplitter;
  #isEmpty = true;
  /** Why the bytes are no JSON; what follows is not looked at. */
  #malformed: HttpProblem | undefined;
  #count = 0;
  #ranges = new RangeColumnsBuilder();
  #errors = new FieldErrors();

  constructor(textBytes = TEXT_BYTES) {
    this.#splitter = new EntriesSplitter({
      textBytes,
      onList: () => this.#begin(),
      onElements: (text, isLast) => this.#take(text, isLast),
    });
  }

  /** The bytes must not change afterwards. */
  push(bytes: Uint8Array): void {
    if (this.#malformed || bytes.length === 0) return;
    this.#isEmpty = false;
    try {
      this.#splitter.push(bytes);
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      this.#malformed = error;
      this.#begin();
    }
  }

  /** Throws the problem that is to be answered where the body is not as documented. */
  finish(): MapEntries {
    if (this.#malformed) throw this.#malformed;
    const frame = this.#isEmpty ? undefined : jsonOf(this.#splitter.finish());
    const { error } = mapPut.safeParse(frame);
    if (error) this.#errors.add(error.issues);
    if (this.#errors.count > 0) throw this.#errors.problem("body");
    return sortRanges(this.#ranges.build());
  }

  #begin(): void {
    this.#count = 0;
    this.#ranges = new RangeColumnsBuilder();
    this.#errors = new FieldErrors();
  }

  #take(text: string, isLast: boolean): void {
    const values = jsonOf(`[${text}]`, this.#count) as unknown[];
    const isOnly = isLast && this.#count === 0;
    if (values.length === 0 && !isOnly)
      throw malformedJson(`no value after a comma${near(this.#count)}`);
    const { data, error } = mapEntries.safeParse(values);
    if (error) this.#errors.add(error.issues.map((issue) => this.#inWhole(issue)));
    else for (const range of data) this.#ranges.add(range);
    this.#count += values.length;
  }

  #inWhole(issue: z.core.$ZodIssue): z.core.$ZodIssue {
    const [index, ...rest] = issue.path;
    return { ...issue, path: ["entries", this.#count + Number(index), ...rest] };
  }
}

/**
 * The text is a part of the body: where in it something is wrong would say little, and what stands
 * around that is the caller's, who may have sent a secret by mistake.
 */
function jsonOf(text: string, count?: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message
      .replace(/( in JSON)? at position \d.*$/s, "")
      .replace(/(, )?(\.{3})?".*"(\.{3})? is not valid JSON$/s, "");
    throw malformedJson((message || "not JSON") + near(count));
  }
}

function near(count: number | undefined): string {
  return count === undefined ? "" : `, from entries[${count}] on`;
}
