/** The messages of the service, checked for their form; fields that are not known are passed over. */
import { z } from "zod";
import type { LinkRow, NodeRow, VolumeRow } from "../core/delta.ts";
import {
  type A2cEntry,
  ID_PATTERN,
  type LinkId,
  MAX_ADDRESS_COUNT,
  type ProcessId,
  type VolumeId,
} from "../core/model.ts";

const whole = z.int().min(0).max(MAX_ADDRESS_COUNT);
const positive = whole.min(1);
const id = z.string().regex(ID_PATTERN);
const digest = z.string().regex(/^xor-sha256:[0-9a-f]{64}$/);

const heading = {
  type: z.literal("tables.update"),
  clusterId: z.string().min(1),
  generation: positive,
  revision: whole,
  settledRevision: whole,
};

const tables = {
  removed: z.object({
    volumeIds: z.array(id),
    processIds: z.array(id),
    linkIds: z.array(id),
  }),
  volumes: z.array(z.object({ volumeId: id, blockCount: positive })),
  nodes: z.array(z.object({ processId: id, storageServerId: id, rNodeId: id, cNodeId: id })),
  // A million rows: checked by hand below, which takes a tenth of the time.
  a2c: z.array(z.unknown()).refine(areEntries, "rows of volumeId, firstLba, lastLba, cNodeId"),
  linkAssignments: z.array(
    z.object({
      linkId: id,
      rNodeId: id,
      remoteAddress: z.string().optional(),
      remotePort: z.int().optional(),
    }),
  ),
  digest,
};

const message = z.discriminatedUnion("kind", [
  z.object({ ...heading, kind: z.literal("snapshot"), ...tables }),
  z.object({ ...heading, kind: z.literal("delta"), fromRevision: whole, ...tables }),
  z.object({
    ...heading,
    kind: z.literal("snapshot-ref"),
    digest,
    url: z.url(),
    bytes: positive,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.object({ ...heading, kind: z.literal("settled") }),
]);

interface Heading {
  readonly type: "tables.update";
  readonly clusterId: string;
  readonly generation: number;
  readonly revision: number;
  readonly settledRevision: number;
}

/** The rows of a snapshot, or those that a delta takes out and puts in. */
export interface TableRows {
  readonly removed: {
    readonly volumeIds: readonly VolumeId[];
    readonly processIds: readonly ProcessId[];
    readonly linkIds: readonly LinkId[];
  };
  readonly volumes: readonly VolumeRow[];
  readonly nodes: readonly NodeRow[];
  readonly a2c: readonly A2cEntry[];
  readonly linkAssignments: readonly LinkRow[];
  /** Of the distributed state afterwards. */
  readonly digest: string;
}

export interface SnapshotMessage extends Heading, TableRows {
  readonly kind: "snapshot";
}
export interface DeltaMessage extends Heading, TableRows {
  readonly kind: "delta";
  readonly fromRevision: number;
}
export interface ReferenceMessage extends Heading {
  readonly kind: "snapshot-ref";
  readonly digest: string;
  readonly url: string;
  /** Of the snapshot's message, uncompressed. */
  readonly bytes: number;
  readonly sha256: string;
}
export interface SettledMessage extends Heading {
  readonly kind: "settled";
}
export type Message = SnapshotMessage | DeltaMessage | ReferenceMessage | SettledMessage;

export type ParsedMessage =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "malformed"; readonly detail: string };

/** A message from JSON; `detail` names the first field that is wrong. */
export function parseMessage(json: unknown): ParsedMessage {
  const result = message.safeParse(json);
  // The ids of the core are strings of this form that the compiler keeps apart.
  if (result.success) return { kind: "message", message: result.data as unknown as Message };
  const [issue] = result.error.issues;
  const where = issue?.path.length ? issue.path.join(".") : "the message";
  return { kind: "malformed", detail: `${where}: ${issue?.message}` };
}

function areEntries(rows: readonly unknown[]): boolean {
  return rows.every(isEntry);
}

function isEntry(row: unknown): boolean {
  if (typeof row !== "object" || row === null) return false;
  const { volumeId, firstLba, lastLba, cNodeId } = row as Record<string, unknown>;
  return (
    isId(volumeId) &&
    isId(cNodeId) &&
    Number.isSafeInteger(firstLba) &&
    Number.isSafeInteger(lastLba) &&
    (firstLba as number) >= 0 &&
    (lastLba as number) >= (firstLba as number)
  );
}

function isId(value: unknown): boolean {
  return typeof value === "string" && ID_PATTERN.test(value);
}
