import { isDeepStrictEqual } from "node:util";

/** Changed fields: `undefined` keeps what stands, `null` clears it. */
export type Fields<T> = { readonly [K in keyof T]?: T[K] | null };

/** The record with the fields that differ; the very same record when none does. */
export function merge<T extends object>(record: T, fields: Fields<T>): T {
  let merged = record;
  for (const key of Object.keys(fields) as (keyof T)[]) {
    const value = fields[key];
    if (value === undefined || isDeepStrictEqual(record[key], value ?? undefined)) continue;
    merged = { ...merged, [key]: value ?? undefined };
  }
  return merged;
}
