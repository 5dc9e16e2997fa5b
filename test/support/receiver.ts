/**
 * A storage server for tests, written from the contract of distribution alone: it shares no code
 * with the service, and verifies signatures with the `standardwebhooks` package.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

interface A2cRow {
  readonly volumeId: string;
  readonly firstLba: number;
  readonly lastLba: number;
  readonly cNodeId: string;
}
type Owned = Omit<A2cRow, "volumeId">;
interface Volume {
  readonly blockCount: number;
  readonly ranges: readonly Owned[];
}
interface LinkRow {
  readonly linkId: string;
  readonly rNodeId: string;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}
interface NodeRow {
  readonly processId: string;
  readonly storageServerId: string;
  readonly rNodeId: string;
  readonly cNodeId: string;
}
export interface Update {
  readonly type: "tables.update";
  readonly clusterId: string;
  readonly generation: number;
  readonly kind: "snapshot" | "delta" | "settled";
  readonly fromRevision?: number;
  readonly revision: number;
  readonly settledRevision: number;
  readonly removed: { volumeIds: string[]; processIds: string[]; linkIds: string[] };
  readonly volumes: { volumeId: string; blockCount: number }[];
  readonly nodes: NodeRow[];
  readonly a2c: A2cRow[];
  readonly linkAssignments: LinkRow[];
  readonly digest: string;
}

interface Tables {
  readonly generation: number;
  readonly revision: number;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly nodes: ReadonlyMap<string, NodeRow>;
  readonly links: ReadonlyMap<string, LinkRow>;
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const NOTHING: Tables = {
  generation: 0,
  revision: 0,
  volumes: new Map(),
  nodes: new Map(),
  links: new Map(),
};

export class ReferenceReceiver {
  #tables = NOTHING;
  /** What was received, in order, refused or not. */
  readonly log: Update[] = [];

  get generation(): number {
    return this.#tables.generation;
  }

  get revision(): number {
    return this.#tables.revision;
  }

  get digest(): string {
    return digestOf(this.#tables);
  }

  /** Loses everything, like a server with a new disk. */
  reset(): void {
    this.#tables = NOTHING;
  }

  /** Loses a row without noticing. */
  damage(): void {
    this.#tables = { ...this.#tables, nodes: new Map() };
  }

  apply(update: Update): ReceiverAnswer {
    this.log.push(update);
    const own = this.#tables;
    if (update.generation < own.generation) return this.#gap("revision");
    const sameGeneration = update.generation === own.generation;
    const hasIt = sameGeneration && update.revision <= own.revision;
    const isRepair =
      update.kind === "snapshot" &&
      sameGeneration &&
      update.revision === own.revision &&
      update.digest !== this.digest;
    if (hasIt && !isRepair) return this.#has("unchanged");
    const follows = sameGeneration && update.fromRevision === own.revision;
    if (update.kind === "delta" && !follows) return this.#gap("revision");
    const next = updated(update.kind === "delta" ? own : NOTHING, update);
    const hole = holeIn(next);
    if (hole) return { status: 422, body: { status: "rejected", detail: hole } };
    if (digestOf(next) !== update.digest) return this.#gap("digest");
    this.#tables = next;
    return this.#has("applied");
  }

  #has(status: "applied" | "unchanged"): ReceiverAnswer {
    const { generation, revision } = this.#tables;
    return { status: 200, body: { status, generation, revision, digest: this.digest } };
  }

  #gap(reason: "revision" | "digest"): ReceiverAnswer {
    const { generation, revision } = this.#tables;
    return { status: 409, body: { status: "gap", reason, generation, revision } };
  }
}

function updated(from: Tables, update: Update): Tables {
  const volumes = new Map(from.volumes);
  const nodes = new Map(from.nodes);
  const links = new Map(from.links);
  for (const id of update.removed.volumeIds) volumes.delete(id);
  for (const id of update.removed.processIds) nodes.delete(id);
  for (const id of update.removed.linkIds) links.delete(id);
  for (const { volumeId, blockCount } of update.volumes) {
    volumes.set(volumeId, { blockCount, ranges: volumes.get(volumeId)?.ranges ?? [] });
  }
  for (const node of update.nodes) nodes.set(node.processId, node);
  for (const link of update.linkAssignments) links.set(link.linkId, link);
  for (const { volumeId, ...row } of update.a2c) {
    const volume = volumes.get(volumeId);
    if (!volume) throw new Error(`an entry for the unknown volume ${volumeId}`);
    volumes.set(volumeId, { ...volume, ranges: painted(volume.ranges, row) });
  }
  for (const [id, volume] of volumes) {
    volumes.set(id, { ...volume, ranges: merged(volume.ranges) });
  }
  return { generation: update.generation, revision: update.revision, volumes, nodes, links };
}

/** The ranges with `row` over whatever was there. */
function painted(ranges: readonly Owned[], row: Owned): Owned[] {
  const rest = ranges.flatMap((range) => {
    const before = { ...range, lastLba: Math.min(range.lastLba, row.firstLba - 1) };
    const after = { ...range, firstLba: Math.max(range.firstLba, row.lastLba + 1) };
    return [before, after].filter((part) => part.firstLba <= part.lastLba);
  });
  return [...rest, row].sort((a, b) => a.firstLba - b.firstLba);
}

function merged(ranges: readonly Owned[]): Owned[] {
  const result: Owned[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last && last.cNodeId === range.cNodeId && last.lastLba + 1 === range.firstLba) {
      result[result.length - 1] = { ...last, lastLba: range.lastLba };
    } else result.push(range);
  }
  return result;
}

function holeIn({ volumes }: Tables): string | undefined {
  for (const [id, { blockCount, ranges }] of volumes) {
    let next = 0;
    for (const { firstLba, lastLba } of ranges) {
      if (firstLba !== next) return `${id}: nobody owns ${next}`;
      next = lastLba + 1;
    }
    if (next !== blockCount) return `${id}: ends at ${next}, not at ${blockCount}`;
  }
  return undefined;
}

function digestOf({ volumes, nodes, links }: Tables): string {
  const rows: (string | number)[][] = [];
  for (const [id, { blockCount, ranges }] of volumes) {
    rows.push(["volume", id, blockCount]);
    for (const { firstLba, lastLba, cNodeId } of ranges) {
      rows.push(["a2c", id, firstLba, lastLba, cNodeId]);
    }
  }
  for (const { processId, storageServerId, rNodeId, cNodeId } of nodes.values()) {
    rows.push(["node", processId, storageServerId, rNodeId, cNodeId]);
  }
  for (const { linkId, rNodeId, remoteAddress, remotePort } of links.values()) {
    rows.push(["link", linkId, rNodeId, remoteAddress ?? "", remotePort ?? ""]);
  }
  let sum = 0n;
  for (const row of rows) {
    sum ^= BigInt(`0x${createHash("sha256").update(row.join("\t")).digest("hex")}`);
  }
  return `xor-sha256:${sum.toString(16).padStart(64, "0")}`;
}

export interface ListeningReceiver {
  readonly url: string;
  readonly receiver: ReferenceReceiver;
  /** Requests whose signature, server id or form was wrong. */
  readonly refusals: string[];
  /** Called with each valid update before it is applied; an answer takes the receiver's place. */
  intercept: (update: Update) => ReceiverAnswer | "apply" | "drop-answer" | "hang";
  close(): Promise<void>;
}

/** Serves a receiver on a free port of 127.0.0.1. */
export async function listen(serverId: string, secret: string): Promise<ListeningReceiver> {
  const receiver = new ReferenceReceiver();
  const refusals: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const self: ListeningReceiver = {
    url: `http://127.0.0.1:${await portOf(server)}/updates`,
    receiver,
    refusals,
    intercept: () => "apply",
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const update = verified(await textOf(request), request);
    if (!update) {
      response.writeHead(401).end();
      return;
    }
    const instead = self.intercept(update);
    if (instead === "hang") return;
    const { status, body, headers } =
      typeof instead === "object" ? instead : receiver.apply(update);
    if (instead === "drop-answer") {
      response.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }
  function verified(text: string, { headers, method }: IncomingMessage): Update | undefined {
    try {
      if (method !== "POST") throw new Error(`method ${method}`);
      if (headers["content-type"] !== "application/json") throw new Error("content type");
      if (headers["storage-server-id"] !== serverId) throw new Error("another server's message");
      return new Webhook(secret).verify(text, headers as Record<string, string>) as Update;
    } catch (error) {
      refusals.push(String(error));
      return undefined;
    }
  }
  return self;
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
