import { expect, it } from "vitest";
import { noticeStep } from "../../src/core/notice-steps.ts";

const head = { generation: 3, revision: 1000, floorRevision: 100 };
const from = (revision: number, generation = 3) => noticeStep({ generation, revision }, head);

it("leads to the head in steps, and ends there", () => {
  expect(from(1000)).toBeUndefined();
  expect(from(999)).toEqual({ kind: "revisions", after: 999, to: 1000 });
  expect(from(100)).toEqual({ kind: "revisions", after: 100, to: 356 });
  let [at, steps] = [100, 0];
  for (let step = from(at); step?.kind === "revisions"; step = from(at)) {
    expect(step.to).toBeGreaterThan(at);
    [at, steps] = [step.to, steps + 1];
  }
  expect([at, steps]).toEqual([1000, 4]);
});

it("names the head where the way there is not known", () => {
  expect(noticeStep(undefined, head)).toEqual({ kind: "head" });
  for (const unknown of [from(99), from(1001), from(1000, 2), from(1000, 4)]) {
    expect(unknown).toEqual({ kind: "head" });
  }
});
