import { expect, it } from "vitest";
import { convergenceOf, type RevisionTimes } from "../../src/core/convergence.ts";

const took = (revision: number, ms?: number, distributedRevision = revision): RevisionTimes => ({
  ...{ revision, distributedRevision, at: 1000 * revision },
  ...(ms === undefined ? {} : { convergedAt: 1000 * revision + ms }),
});

it("is of the times that did occur, by the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => took(i + 1, (i * 37) % 100));
  expect(convergenceOf(hundred, 3)).toEqual({ revisions: 100, p50Ms: 49, p99Ms: 98, pending: 0 });
  expect(convergenceOf([took(1, 7), took(2, 3)], 3)).toMatchObject({ p50Ms: 3, p99Ms: 7 });
  expect(convergenceOf([took(1, 7)], 3)).toMatchObject({ p50Ms: 7, p99Ms: 7 });
});

it("tells what is on its way, and since when, instead of counting it as fast", () => {
  expect(convergenceOf([took(3), took(2), took(1, 5)], 3)).toEqual({
    ...{ revisions: 1, p50Ms: 5, p99Ms: 5, pending: 2, pendingSince: 2000 },
  });
});

it("leaves out what reached nobody, and knows nothing of nothing", () => {
  expect(convergenceOf([took(2, undefined, 1), took(1, 5)], 3)).toMatchObject({
    ...{ revisions: 1, pending: 0 },
  });
  expect(convergenceOf([], 3)).toEqual({ revisions: 0, pending: 0 });
});

it("knows that nothing is on its way to nobody", () => {
  expect(convergenceOf([took(1)], 0)).toEqual({ revisions: 0, pending: 0 });
});

it("is never below nothing, also where the clock was put back", () => {
  expect(convergenceOf([took(1, -50)], 3)).toMatchObject({ p50Ms: 0, p99Ms: 0 });
});
