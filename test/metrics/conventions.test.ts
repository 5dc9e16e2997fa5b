/** What `promtool check metrics` would say, and the README's table. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { emptyState } from "../../src/core/cluster-state.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { processRegistry } from "../../src/metrics/registry.ts";

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

const registry = processRegistry();
createMetrics(
  {
    state: () => emptyState({ clusterId: "x", generation: 1 }),
    settledRevision: () => 0,
    deliveryCounts: () => ({}),
    waitingWrites: () => 0,
    runningRequests: () => 0,
    storeBytes: async () => ({ database: 0 }),
    now: () => 0,
    distributedRevision: 0,
  },
  registry,
);
const described = registry.getMetricsAsArray().map((metric) => metric as unknown as Described);
const types = new Map(
  (await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]),
);

it.each(described)(
  "$name is named by the conventions of Prometheus",
  ({ name, help, labelNames }) => {
    const type = types.get(name);
    expect(name).toMatch(/^(evenkeel|process|nodejs)(_[a-z0-9]+)+$/);
    expect(help.length).toBeGreaterThan(3);
    expect(name.endsWith("_total")).toBe(type === "counter");
    // Base units, and none that is short for another.
    expect(name).not.toMatch(
      /_(ms|milliseconds|microseconds|minutes|kilobytes|kb|mb|percent)(_|$)/,
    );
    if (/duration|delay|lag|_time/.test(name)) expect(name).toMatch(/_seconds(_total)?$/);
    if (/size|memory/.test(name)) expect(name).toMatch(/_bytes$/);
    expect(name).not.toMatch(/_(gauge|counter|histogram|summary|count|sum|bucket)$/);
    for (const label of labelNames) expect(label).toMatch(/^[a-z]+$/);
  },
);

it("is in the README, all of it and nothing else", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const rows = described
    .map(({ name, help, labelNames }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${types.get(name)} | ${labels} | ${help} |`;
    })
    .filter((row) => !/`(process|nodejs)_/.test(row));
  const table = ["| metric | type | labels | meaning |", "|---|---|---|---|", ...rows, ""];
  expect(readme).toContain(`\n${table.join("\n")}\n`);
  const named = [...readme.matchAll(/`((?:process|nodejs)_\w+)`/g)].map(([, name]) => name);
  const known = described.map(({ name }) => name).filter((name) => !name.startsWith("evenkeel"));
  expect(new Set(named)).toEqual(new Set(known));
});
