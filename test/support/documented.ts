/** Every answer that a test sees is held against the OpenAPI document. */
import { readFileSync } from "node:fs";

interface Described {
  readonly headers?: Readonly<Record<string, unknown>>;
}
type Paths = Record<string, Record<string, { responses: Record<string, Described> }>>;

const file = new URL("../../openapi/openapi.json", import.meta.url);
const paths = Object.entries(JSON.parse(readFileSync(file, "utf8")).paths as Paths).map(
  ([path, item]) => ({
    path,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`),
    item,
  }),
);

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Fails for a status, or one of our headers, that the document does not have. */
export function expectDocumented({ method, url, status, headers }: Seen): void {
  const [called = ""] = url.split("?");
  const literal = paths.filter(({ path }) => path === called);
  const matching = paths.filter(({ pattern }) => pattern.test(called));
  const operations = (literal.length > 0 ? literal : matching).map(({ item }) => item);
  const described = operations.flatMap((item) => item[method.toLowerCase()] ?? []);
  // A path or a method that does not exist is nobody's.
  if (described.length === 0) return;
  const answers = described.flatMap(({ responses }) => responses[status] ?? []);
  if (answers.length === 0) throw new Error(`${method} ${url}: ${status} is not documented`);
  for (const name of ["ETag", "Location", "Retry-After", "Revision", "Revision-Age"]) {
    if (headers[name.toLowerCase()] === undefined) continue;
    const known = answers.some((answer) => answer.headers?.[name] !== undefined);
    if (!known) throw new Error(`${method} ${url}: ${status} has an undocumented ${name}`);
  }
}
