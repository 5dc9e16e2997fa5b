import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../src/", import.meta.url));

/** What each part may import, beside itself and packages. Dependencies point inward. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  store: ["core"],
  push: ["core", "store"],
  events: ["core", "store"],
  replicas: ["core", "store"],
  backup: ["core", "store", "threads"],
  operations: ["core", "store", "backup", "planner", "threads"],
  threads: ["core"],
  metrics: ["core"],
  planner: ["core", "threads"],
  digester: ["core", "threads"],
  http: ["core", "store", "operations", "threads"],
  // The storage server's side, and a source system made of it.
  agent: ["core"],
  simulator: ["core", "agent"],
  demo: ["core", "simulator", "."],
  restore: ["core", "store", "backup", "operations", "."],
  "migrate-store": ["core", "store", "operations", "."],
  ".": [
    ...["core", "store", "backup", "push", "operations", "http", "events", "replicas"],
    ...["threads", "planner", "digester", "metrics"],
  ],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports: Import[] = [...sources].flatMap(([from, source]) =>
  [...source.matchAll(/^(?:import|export)\b([^;]*?)\bfrom "([^"]+)";/gms)].map(([, what, to]) => ({
    from,
    to: to!.startsWith(".") ? relative(root, resolve(root, dirname(from), to!)) : to!,
    typeOnly: /^\s*type\b/.test(what!),
  })),
);

const partOf = (file: string): string => (file.includes("/") ? file.split("/")[0]! : ".");
const isFile = (name: string): boolean => sources.has(name);

describe("the architecture", () => {
  it("finds every import of a file that exists", () => {
    const wanted = imports.filter(({ to }) => to.endsWith(".ts"));
    expect(wanted.length).toBeGreaterThan(100);
    expect(wanted.filter(({ to }) => !isFile(to))).toEqual([]);
  });

  it("points inward", () => {
    const outward = imports.filter(({ from, to }) => {
      const [part, target] = [partOf(from), partOf(to)];
      return isFile(to) && part !== target && !MAY_IMPORT[part]?.includes(target);
    });
    expect(outward).toEqual([]);
  });

  it("has no circles at run time", () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (isFile(to) && !typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const settled = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (settled.has(file)) return [];
      for (const target of next.get(file) ?? []) {
        const circle = visit(target, [...path, file]);
        if (circle.length > 0) return circle;
      }
      settled.add(file);
      return [];
    };
    expect(files.flatMap((file) => visit(file, []))).toEqual([]);
  });

  it("keeps the core pure", () => {
    const packages = imports.filter(({ from, to }) => partOf(from) === "core" && !isFile(to));
    const allowed = [
      "node:crypto",
      "node:util",
      "sorted-btree",
      "sorted-btree/extended/diffAgainst.js",
    ];
    expect(packages.filter(({ to }) => !allowed.includes(to))).toEqual([]);
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|Math\.random|\bsetTimeout\(|\bprocess\.(env|on|exit|hrtime|cwd)\b|\bconsole\./;
    const core = [...sources].filter(([file]) => partOf(file) === "core");
    expect(core.filter(([, source]) => impure.test(source)).map(([file]) => file)).toEqual([]);
  });

  it("has one place each for SQL, statuses, connections and the process", () => {
    const users = (pattern: RegExp) =>
      [...sources].filter(([, source]) => pattern.test(source)).map(([file]) => file);
    const outside = (found: string[], part: string) =>
      found.filter((file) => !file.startsWith(part));
    expect(outside(users(/from "(?:better-sqlite3|pg)"/), "store/")).toEqual([]);
    expect(outside(users(/from "fastify"/), "http/")).toEqual([]);
    expect(outside(users(/from "prom-client"/), "metrics/")).toEqual([]);
    // Not types, and not the certificate that is served.
    const connecting = users(/^import (?!type)[^;"]*from "(?:undici|node:net|node:tls)"/m);
    expect(outside(outside(connecting, "push/"), "agent/")).toEqual(["tls.ts"]);
    const ownersOfTheProcess = users(/\bprocess\.(env|exit|exitCode|on|argv)\b/);
    expect(ownersOfTheProcess.sort()).toEqual([
      ...["agent/main.ts", "demo/main.ts", "main.ts", "migrate-store/main.ts"],
      ...["restore/main.ts", "simulator/main.ts"],
    ]);
  });
});
