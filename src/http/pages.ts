/** Pages of lists: the token is the last id of the page before, so nothing is skipped or twice. */
import { ID_PATTERN } from "../core/model.ts";
import type { SortedMap } from "../core/sorted-map.ts";
import { HttpProblem } from "./problems.ts";

export interface PageRequest {
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextPageToken?: string | undefined;
}

/** One page of a map, in id order. */
export function pageOfMap<K extends string, V extends { readonly id: K }, Item>(
  map: SortedMap<K, V>,
  { limit, pageToken }: PageRequest,
  view: (value: V) => Item,
): Page<Item> {
  const items: Item[] = [];
  let last: K | undefined;
  for (const value of map.valuesAfter(readPageToken(pageToken) as K | undefined)) {
    if (items.length === limit) return { items, nextPageToken: makePageToken(last!) };
    items.push(view(value));
    last = value.id;
  }
  return { items };
}

/** One page of what was read with one item more than the limit. */
export function pageOfRead<Item>(
  read: readonly Item[],
  limit: number,
  tokenOf: (item: Item) => string,
): Page<Item> {
  const items = read.slice(0, limit);
  if (read.length <= limit) return { items };
  return { items, nextPageToken: makePageToken(tokenOf(items.at(-1)!)) };
}

export function makePageToken(text: string): string {
  return Buffer.from(text).toString("base64url");
}

export function readPageToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text = Buffer.from(token, "base64url").toString();
  if (ID_PATTERN.test(text)) return text;
  throw wrongToken();
}

/** A page token that stands for a position. */
export function readPositionToken(token: string | undefined): number | undefined {
  const text = readPageToken(token);
  if (text === undefined) return undefined;
  const position = Number(text);
  if (Number.isSafeInteger(position)) return position;
  throw wrongToken();
}

function wrongToken(): HttpProblem {
  const message = "must be the nextPageToken of an answer";
  return new HttpProblem(400, "invalid-request", {
    detail: `the query is not as documented: pageToken: ${message}`,
    correction: "Begin again without a pageToken",
    errors: [{ path: "pageToken", message }],
  });
}
