import { expect, it } from "vitest";
import { Timeline } from "../../src/simulator/timeline.ts";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";

it("lets events happen in order of time, and of their making within one time", () => {
  const random = new Random(seed);
  const timeline = new Timeline();
  const happened: { at: number; made: number }[] = [];
  let made = 0;
  const plan = (depth: number) => {
    const number = made++;
    timeline.after(random.below(20), () => {
      happened.push({ at: timeline.now, made: number });
      for (let i = random.below(3); depth > 0 && i > 0; i--) plan(depth - 1);
    });
  };
  for (let i = 0; i < 200; i++) plan(4);
  timeline.run();
  expect(happened).toHaveLength(made);
  const sorted = [...happened].sort((a, b) => a.at - b.at || a.made - b.made);
  expect(happened).toEqual(sorted);
});
