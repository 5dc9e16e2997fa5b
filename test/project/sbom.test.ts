import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("lists what is shipped, with hashes, and nothing that only tests need", () => {
  const text = execFileSync("npm", ["run", "--silent", "sbom"], { cwd: root, encoding: "utf8" });
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string;
    components: { name: string; hashes?: object[] }[];
  };
  expect(bomFormat).toBe("CycloneDX");
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["better-sqlite3", "fastify", "undici", "zod"]));
  for (const tool of ["vitest", "typescript", "highs"]) expect(names).not.toContain(tool);
  expect(components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
});
