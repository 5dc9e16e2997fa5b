import type { Difference } from "../../core/sorted-map.ts";
import type { VersionedTable } from "./versioned-tables.ts";

/** What a table held at two revisions of the keys that changed between them, in key order. */
export function joinVersions<Key extends string, Fields>(
  { keyOf }: Pick<VersionedTable<Key, Fields>, "keyOf">,
  before: readonly Fields[],
  after: readonly Fields[],
): Difference<Key, Fields>[] {
  const found = new Map<Key, { before?: Fields; after?: Fields }>();
  for (const fields of before) found.set(keyOf(fields), { before: fields });
  for (const fields of after) {
    found.set(keyOf(fields), { ...found.get(keyOf(fields)), after: fields });
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, difference]) => ({ key, ...difference }));
}
