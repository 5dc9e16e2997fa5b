/** Fields that many resources share. Each says what it is, in which unit, and shows an example. */
import { z } from "zod";
import {
  type CNodeId,
  type DNodeId,
  ID_PATTERN,
  type LinkId,
  MAX_ADDRESS_COUNT,
  MICRO,
  MILLI,
  type ProcessId,
  type RNodeId,
  type StorageServerId,
  type VolumeId,
} from "../../core/model.ts";

function idOf<Id extends string>(what: string, example: string): z.ZodType<Id, string> {
  const form = "letters, digits and . _ : -, at most 128, beginning with a letter or digit";
  return z
    .string()
    .regex(ID_PATTERN, `must be an id: ${form}`)
    .meta({
      description: `Id of the ${what}: ${form}`,
      example,
      maxLength: 128,
    }) as unknown as z.ZodType<Id, string>;
}

export const storageServerId = idOf<StorageServerId>("storage server", "s-1");
export const processId = idOf<ProcessId>("process", "A");
export const rNodeId = idOf<RNodeId>("R-node", "r-a");
export const cNodeId = idOf<CNodeId>("C-node", "c-1");
export const dNodeId = idOf<DNodeId>("D-node", "d-1");
export const linkId = idOf<LinkId>("IP link", "link-1");
export const volumeId = idOf<VolumeId>("volume", "vol-1");
export const rebalanceId = idOf<string>("rebalance", "rb-20261122T101530123Z-9f86d0");

const integer = (description: string, example: number, minimum = 0) =>
  z.int().min(minimum).max(MAX_ADDRESS_COUNT).meta({ description, example });

export const address = (description: string, example: number) => integer(description, example);
export const count = (description: string, example: number) => integer(description, example);
export const positive = (description: string, example: number) => integer(description, example, 1);
export const revision = integer("A revision", 42);
export const generation = integer("The life of the store; rises when a backup is restored", 1, 1);

/** A decimal with at most six places, exact in millionths. */
export const decimal = (
  description: string,
  bounds: { min: number; max: number },
  example: number,
) =>
  z
    .number()
    .min(bounds.min)
    .max(bounds.max)
    .refine(isMultipleOf(MICRO), "must have at most six decimals")
    .meta({ description: `${description}; at most six decimals`, example });

export const weight = z
  .number()
  .min(1 / MILLI)
  .max(1000)
  .refine(isMultipleOf(MILLI), "must be a multiple of 0.001")
  .meta({ description: "Capacity: a multiple of 0.001 from 0.001 to 1000", example: 1 });

/** Whether a number is the nearest one to a whole number of parts. */
function isMultipleOf(parts: number): (value: number) => boolean {
  return (value) => Math.round(value * parts) / parts === value;
}

export const toMicro = (value: number): number => Math.round(value * MICRO);
export const toMilli = (value: number): number => Math.round(value * MILLI);

/** Printable, without blanks: it stands in a row of the digest. */
const word = (description: string, example: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters without blanks")
    .meta({ description, example, maxLength: 255 });

export const networkAddress = word("An IP address or host name", "203.0.113.10");
export const port = z.int().min(1).max(65535).meta({ description: "A TCP port", example: 3260 });

/** Free text; half of a surrogate pair would not survive being stored. */
export function text(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must be well-formed text without control characters");
}

export const labels = z
  .record(text(128).min(1), text(256))
  .refine((record) => Object.keys(record).length <= 64, "must have at most 64 labels")
  .meta({ description: "Free names and values; not distributed", example: { rack: "r12" } });

export const callbackUrl = z
  .string()
  .max(2048)
  .refine(
    (text) => /^https?:\/\/[\x21-\x7e]+$/i.test(text) && URL.canParse(text),
    "must be an http(s) URL in printable ASCII",
  )
  .meta({
    description:
      "Where updates are pushed to; must lie inside CALLBACK_ALLOW. Viewers and revisions have " +
      "`?hidden` for its query",
    format: "uri",
    example: "http://127.0.0.1:9001/tables",
  });

export const serviceState = z.enum(["active", "draining"]).meta({
  description: "`draining` takes no new work and is emptied by the next `equalize`",
  example: "active",
});

export const time = z.iso.datetime().meta({
  description: "RFC 3339, UTC",
  maxLength: 24,
  example: "2026-11-22T10:15:30.123Z",
});

/** A field of what was read that may be sent back; it is ignored. */
export const readOnly = z
  .unknown()
  .optional()
  .meta({ description: "Read-only: accepted and ignored", readOnly: true });

const PAGE_ITEMS_MAX = 1000;

export const limit = queryInteger("At most so many items (1–1000)", {
  min: 1,
  max: PAGE_ITEMS_MAX,
}).default(100);

/** A whole number in a query: decimal digits, nothing else. */
export function queryInteger(description: string, bounds: { min: number; max: number }) {
  return z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, "must be a whole number in decimal digits")
    .transform(Number)
    .refine(
      (value) => value >= bounds.min && value <= bounds.max,
      `must be from ${bounds.min} to ${bounds.max}`,
    )
    .meta({ type: "integer", minimum: bounds.min, maximum: bounds.max, description });
}

/** A moment in a query, in milliseconds since 1970. */
export const queryTime = (description: string) =>
  z.iso
    .datetime({ offset: true, error: "must be a time as RFC 3339 writes it" })
    .max(64)
    .transform((text) => Date.parse(text))
    .meta({ description });

export const queryAddress = (description: string) =>
  queryInteger(description, { min: 0, max: MAX_ADDRESS_COUNT });

const anyPageToken = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/, "must be the nextPageToken of an answer")
  .meta({ maxLength: 200 });

export const pageToken = anyPageToken
  .optional()
  .meta({ description: "The `nextPageToken` of the page before" });

export const pageQuery = z.strictObject({ limit, pageToken });

/** A page of a list, in id order. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item).max(PAGE_ITEMS_MAX),
    nextPageToken: anyPageToken.optional().meta({ description: "Absent on the last page" }),
  });
}

/** What the service names in answers: for the document, since only requests are checked. */
export const named = (pattern: RegExp, maxLength: number) =>
  z.string().regex(pattern).meta({ maxLength });
export const code = named(/^[a-z0-9-]+$/, 64);
export const revisionKind = named(/^[a-z0-9-]+$/, 64);
export const actor = named(/^[\w.@:-]+$/, 256);
export const sha256 = named(/^[0-9a-f]{64}$/, 64);
export const clusterId = z.uuid().meta({ maxLength: 36 });

/** Of a record: nothing holds its deletion back where it is empty. */
export const heldBackBy = z
  .array(z.strictObject({ code, detail: z.string() }))
  .meta({ description: "What a `DELETE` would be refused for now, in the same words; all of it" });

export const problemSchema = z
  .strictObject({
    type: named(/^urn:evenkeel:problem:[a-z0-9-]+$/, 128),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: "What is wrong, naming the value" }),
    code: code.meta({ description: "Stable, kebab-case" }),
    correction: z.string().optional().meta({ description: "What to do about it" }),
    errors: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Each bad field by its path, as `entries[3].lastLba`" }),
    changes: z
      .array(z.looseObject({ code, detail: z.string() }))
      .max(100)
      .optional()
      .meta({ description: "`stale-plan`: what the plan had read and is otherwise; at most 100" }),
    changeCount: count("`stale-plan`: how many there are", 1).optional(),
    replanned: z
      .strictObject({
        sameMoves: z.boolean(),
        movedAddresses: count("What it would move", 22).optional(),
      })
      .optional()
      .meta({ description: "`stale-plan`: what the same request would give, planned now" }),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

/** A list that names something, and nothing twice. */
export const unique = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .min(1)
    .max(100_000)
    .refine((items) => new Set(items.map((i) => JSON.stringify(i))).size === items.length, {
      message: "must not name anything twice",
    });

/** Refuses a list in which the same id stands twice. */
export function uniqueBy<Item>(field: keyof Item & string) {
  return (items: readonly Item[], context: z.RefinementCtx) => {
    const seen = new Set<unknown>();
    items.forEach((item, i) => {
      const value = item[field];
      if (seen.has(value)) {
        const message = `duplicate ${field} ${String(value)}`;
        context.addIssue({ code: "custom", path: [i, field], message });
      }
      seen.add(value);
    });
  };
}
