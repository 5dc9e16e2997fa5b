/** Links that are registered by several writers at once, and what each was told of it. */
import type { Answer, Caller } from "../crash/caller.ts";

const WRITERS = 8;

/** `undefined`: the program was gone. */
export type Told = ReadonlyMap<string, Answer | undefined>;

const put = (caller: Caller, id: string) =>
  caller.call({ method: "PUT", path: `/v1/links/${id}`, body: { labels: { id } }, key: id });

/** Each with an `Idempotency-Key` of its own; the same ids are the same writes. */
export async function register(caller: Caller, ids: readonly string[]): Promise<Told> {
  const told = new Map<string, Answer | undefined>();
  const left = [...ids];
  const write = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      told.set(id, await put(caller, id));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return told;
}

export const idsOf = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`);

export function toldWith(told: Told, status: number): string[] {
  return [...told].filter(([, answer]) => answer?.status === status).map(([id]) => id);
}

/** What is there though it was refused, or isn't though it was acknowledged; in words. */
export async function mistakesIn(caller: Caller, told: Told): Promise<string[]> {
  const found = await labelsFound(caller);
  const mistakes: string[] = [];
  for (const [id, answer] of told) {
    if (!answer) continue;
    const must = { 200: true, 201: true, 507: false }[answer.status];
    const isThere = found.get(id) === id;
    if (must === isThere) continue;
    mistakes.push(`${id} was answered ${answer.status} and is ${isThere ? "" : "not "}there`);
  }
  return mistakes;
}

/** By link. */
async function labelsFound(caller: Caller): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let token: string | undefined = ""; token !== undefined; ) {
    const page = token === "" ? "" : `&pageToken=${token}`;
    const { body } = await caller.read(`/v1/links?limit=1000${page}`);
    for (const { id, labels } of body.items) found.set(id, labels?.id);
    token = body.nextPageToken;
  }
  return found;
}
