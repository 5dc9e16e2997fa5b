/** ETags `"<generation>.<revision>"`, and the conditions that clients make of them (RFC 9110). */
import type { EntityTag, Match } from "../core/decisions/precondition.ts";

export function formatEntityTag({ generation, revision }: EntityTag): string {
  return `"${generation}.${revision}"`;
}

/** Tags of another form than ours are left out: they can never match. */
export function parseIfMatch(header: string | undefined): Match | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return "any";
  return header.split(",").flatMap((part) => parseEntityTag(part.trim()) ?? []);
}

/** Whether `If-None-Match` names the tag; the comparison is weak, so a `W/` is passed over. */
export function namesEntityTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(",")
    .map((part) => part.trim().replace(/^W\//, ""))
    .some((part) => part === "*" || part === tag);
}

function parseEntityTag(text: string): EntityTag | undefined {
  const [, generation, revision] = /^"(\d{1,16})\.(\d{1,16})"$/.exec(text) ?? [];
  if (generation === undefined || revision === undefined) return undefined;
  return { generation: Number(generation), revision: Number(revision) };
}
