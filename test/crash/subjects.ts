/** What the writers write: each has things of its own, so that what must stand there is known. */
import type { Answer, Caller, Write } from "./caller.ts";
import type { History } from "./history.ts";

/** A write, and what is found once it is done. */
export type Change = Omit<Write, "key"> & { readonly content: string };

export interface Found {
  readonly content: string;
  /** Of the last change, where nobody else changes it. */
  readonly revision?: number | undefined;
}

export interface Subject {
  /** The `n`th change; it leaves another content than any before it that is not undone. */
  change(n: number): Change;
  find(caller: Caller, history: History): Promise<Found>;
}

export const BEGINNING = "as it began";
const GONE = "gone";

export const PROCESSES = 8;
export const SERVERS = ["s-1", "s-2", "s-3", "s-4"];

export const topology = {
  processes: Array.from({ length: PROCESSES }, (_, i) => ({
    ...{ id: `p-${i}`, rNodeId: `r-${i}`, cNodeId: `c-${i}` },
    storageServerId: SERVERS[i % SERVERS.length],
  })),
  links: [{ id: "flap-0" }, { id: "flap-1" }],
  volumes: [{ id: "v-0", blockCount: 4096 }],
};

/** Sixteen writers' worth. */
export function subjects(): Subject[] {
  const many = (count: number, make: (i: number) => Subject) =>
    Array.from({ length: count }, (_, i) => make(i));
  return [
    ...many(7, link),
    ...many(3, weight),
    ...many(2, (i) => volume(i + 1)),
    ...many(2, holder),
    ...many(2, rebalance),
  ];
}

/** Registers a link, changes it, and takes it away again. */
function link(i: number): Subject {
  const path = `/v1/links/link-${i}`;
  return {
    change: (n) => {
      if (n % 5 === 4) return { method: "DELETE", path, content: GONE };
      const method = n % 5 === 0 ? "PUT" : "PATCH";
      return { method, path, body: { labels: { n: `${n}` } }, content: `${n}` };
    },
    find: (caller) => find(caller, path, ({ body }) => body.labels?.n),
  };
}

function weight(i: number): Subject {
  const path = `/v1/processes/p-${i}`;
  return {
    change: (n) => {
      // Not the 1 that it is registered with, which would pass for the first change.
      const next = (1001 + (n % 3000)) / 1000;
      return { method: "PATCH", path, body: { weight: next }, content: `${next}` };
    },
    find: (caller) => find(caller, path, ({ body }) => body.weight),
  };
}

/** Grows a volume, which gives its new blocks to the C-nodes. */
function volume(i: number): Subject {
  const path = `/v1/volumes/v-${i}`;
  return {
    change: (n) => {
      const blockCount = 64 * (n + 1);
      return { method: "PUT", path, body: { blockCount }, content: `${blockCount}` };
    },
    find: async (caller) => {
      const { content } = await find(caller, path, ({ body }) => body.blockCount);
      // Rebalances change it too.
      return { content };
    },
  };
}

/** Gives a link to and fro between two R-nodes. */
function holder(i: number): Subject {
  return {
    change: (n) => {
      const rNodeId = `r-${PROCESSES - 1 - 2 * i - (n % 2)}`;
      const path = `/v1/link-assignments/flap-${i}`;
      return { method: "PUT", path, body: { rNodeId }, content: rNodeId };
    },
    find: async (caller) => {
      const read = ({ body }: Answer) => body.rNodeId ?? BEGINNING;
      const { content } = await find(caller, `/v1/links/flap-${i}`, read);
      return { content };
    },
  };
}

/** Is told apart by its reason, of which there may be one. */
function rebalance(i: number): Subject {
  return {
    change: (n) => {
      const reason = `rebalancer ${i}: ${n}`;
      const body = { reason, allowUnreachable: true };
      return { method: "POST", path: "/v1/rebalances", body, content: reason };
    },
    find: async (_, history) => history.lastReason(`rebalancer ${i}:`),
  };
}

async function find(
  caller: Caller,
  path: string,
  contentOf: (answer: Answer) => unknown,
): Promise<Found> {
  const answer = await caller.read(path);
  if (answer.status === 404) return { content: GONE };
  const [, revision] = /\.(\d+)"$/.exec(answer.etag ?? "") ?? [];
  return { content: `${contentOf(answer)}`, revision: Number(revision) };
}
