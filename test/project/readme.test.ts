import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeEnvironment } from "../../src/environment.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

it("describes every environment variable as src/environment.ts does", () => {
  const rows = describeEnvironment().map(
    ({ name, standard, meaning }) => `| \`${name}\` | ${standard} | ${meaning} |`,
  );
  const table = ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
  expect(readme).toContain(table);
});
