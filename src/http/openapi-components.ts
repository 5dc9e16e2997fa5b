/** The schemas of the document. */
import { z } from "zod";

export type Json = Record<string, unknown>;

/** Named schemas, gathered once each; everything else stands where it is used. */
export class Components {
  readonly #schemas = new Map<string, Json>();

  schema(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io }) as Json;
    for (const [name, definition] of Object.entries($defs as Record<string, Json>)) {
      const { id: _id, ...content } = definition;
      this.#schemas.set(name, tidy(content, io) as Json);
    }
    return tidy(json, io) as Json;
  }

  inline(schema: z.ZodType): Json {
    return this.schema(schema, "input");
  }

  schemas(): Record<string, Json> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** References point into the document; answers may gain fields, so they don't forbid others. */
function tidy(value: unknown, io: "input" | "output"): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, io));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries({ ...value, ...integerFormat(value as Json) }).filter(
    ([key, content]) => !(io === "output" && key === "additionalProperties" && content === false),
  );
  return Object.fromEntries(
    entries.map(([key, content]) =>
      key === "$ref" && typeof content === "string"
        ? [key, content.replace("#/$defs/", "#/components/schemas/")]
        : [key, tidy(content, io)],
    ),
  );
}

const INT32_MAX = 2 ** 31 - 1;

/** How wide an integer has to be held, for clients in languages with several kinds of them. */
function integerFormat({ type, maximum }: Json): Json {
  if (type !== "integer") return {};
  return { format: typeof maximum === "number" && maximum <= INT32_MAX ? "int32" : "int64" };
}
