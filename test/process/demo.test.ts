/** The demo as a user starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const main = fileURLToPath(new URL("../../dist/demo/main.js", import.meta.url));

async function demo(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const texts = { out: "", error: "" };
  child.stdout.on("data", (piece) => {
    texts.out += piece;
  });
  child.stderr.on("data", (piece) => {
    texts.error += piece;
  });
  const [code] = await once(child, "close");
  return { code, ...texts };
}

interface Chapter {
  readonly name: string;
  readonly modelledImbalance: number;
  readonly countedImbalance: number;
  readonly throughputGained: number;
  readonly refusals: number;
}

it.each([[[]], [["--async"]], [["--servers", "3", "--processes", "9", "--links", "3"]]])(
  "ends by itself, and what it counted is what was modelled: %s",
  async (args) => {
    const { code, out, error } = await demo("--json", ...args);
    expect([code, error]).toEqual([0, ""]);
    const { chapters }: { chapters: Chapter[] } = JSON.parse(out);
    expect(chapters.map(({ name }) => name)).toEqual([
      ...["before", "rebalanced", expect.stringMatching(/^link-\d lost$/), "rebalanced again"],
    ]);
    for (const { modelledImbalance, countedImbalance, refusals } of chapters) {
      expect(Math.abs(countedImbalance / modelledImbalance - 1)).toBeLessThan(0.02);
      expect(refusals).toBe(0);
    }
    const [, rebalanced, lost, again] = chapters as [Chapter, Chapter, Chapter, Chapter];
    expect(rebalanced.throughputGained).toBeGreaterThan(0.1);
    expect(lost.throughputGained).toBeLessThan(rebalanced.throughputGained);
    expect(again.throughputGained).toBeGreaterThan(lost.throughputGained);
  },
);

it("shows it in the terminal, and says what an option takes", async () => {
  const { code, out } = await demo();
  expect(code).toBe(0);
  expect(out).toMatch(/rebalanced: 22 addresses moved, the least possible is 22; 3 ranges/);
  expect(out).toMatch(/A █+▓+░ \d+/);
  const bad = await demo("--links", "none");
  expect(bad.code).toBe(1);
  expect(bad.error).toMatch(/--links takes a number from 1 to 64, not none/);
});
