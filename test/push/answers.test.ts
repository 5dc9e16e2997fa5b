import { describe, expect, test } from "vitest";
import { delayMsOf, readAnswer } from "../../src/push/answers.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const digest = `xor-sha256:${"0f".repeat(32)}`;
const position = { generation: 3, revision: 9 };
const read = (status: number, body: unknown, retryAfter?: string) =>
  readAnswer(
    { status, body: typeof body === "string" ? body : JSON.stringify(body), retryAfter },
    NOW,
  );

describe("an answer that can be used", () => {
  test.each([
    [
      "applied",
      200,
      { status: "applied", ...position, digest },
      { kind: "applied", ...position, digest },
    ],
    [
      "unchanged",
      200,
      { status: "unchanged", ...position, digest, more: 1 },
      { kind: "applied", ...position, digest },
    ],
    ["accepted", 202, "", { kind: "accepted" }],
    [
      "a gap",
      409,
      { status: "gap", reason: "digest", ...position },
      { kind: "gap", reason: "digest", ...position },
    ],
    [
      "a rejection",
      422,
      { status: "rejected", detail: "why" },
      { kind: "rejected", detail: "refused: why" },
    ],
    ["a mute rejection", 422, "no", { kind: "rejected", detail: "refused: without saying why" }],
    ["gone", 410, "", { kind: "gone" }],
  ])("%s", (_name, status, body, answer) => {
    expect(read(status, body)).toEqual(answer);
  });
});

describe("an answer that cannot", () => {
  test.each([
    [200, ""],
    [200, "{"],
    [200, "null"],
    [200, []],
    [200, { status: "applied", ...position }],
    [200, { status: "done", ...position, digest }],
    [200, { status: "applied", ...position, digest: digest.toUpperCase() }],
    [200, { status: "applied", generation: "3", revision: 9, digest }],
    [200, { status: "applied", generation: 3, revision: 9.5, digest }],
    [200, { status: "applied", generation: 3, revision: -1, digest }],
    [200, { status: "applied", generation: 3, revision: 2 ** 53, digest }],
    [409, { status: "gap", ...position }],
    [409, { status: "conflict", reason: "revision", ...position }],
    [409, "conflict"],
    [201, { status: "applied", ...position, digest }],
    [204, ""],
    [301, ""],
    [307, ""],
    [400, ""],
    [401, ""],
    [404, ""],
    [500, { status: "applied", ...position, digest }],
    [502, ""],
  ])("%i %j is a failure", (status, body) => {
    const detail = expect.stringContaining(`answered ${status}`);
    expect(read(status, body)).toEqual({ kind: "failed", detail });
  });

  test("is told in words of bounded length", () => {
    const answer = read(422, { status: "rejected", detail: "x".repeat(10_000) });
    expect(JSON.stringify(answer).length).toBeLessThan(600);
  });
});

describe("Retry-After", () => {
  test.each([
    ["120", 120_000],
    ["0", 0],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30_000],
    ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["Sun, never", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s is %s ms", (text, ms) => {
    expect(delayMsOf(text, NOW)).toBe(ms);
  });

  test.each([429, 503])("comes with %i", (status) => {
    expect(read(status, "", "2")).toEqual({
      kind: "busy",
      detail: `answered ${status}`,
      retryAfterMs: 2000,
    });
  });
});
