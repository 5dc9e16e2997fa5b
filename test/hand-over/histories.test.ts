/** Never two owners, over random histories (distribution, hand-over). */
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { runHistory } from "./history.ts";

const HISTORIES = 2000;

it(`never has two owners, and ends with one, in ${HISTORIES} histories`, async () => {
  const found: string[] = [];
  for (let i = 0; i < HISTORIES && found.length < 3; i++) {
    const mistake = await runHistory(seed + i);
    if (mistake) found.push(`seed ${seed + i}: ${mistake}`);
  }
  expect(found).toEqual([]);
});
