import { expect, test } from "vitest";
import { createSlots, type Turn } from "../../src/push/slots.ts";
import { ManualClock, settled } from "./manual-clock.ts";

function slotsWith(countMax: number) {
  const clock = new ManualClock();
  const slots = createSlots({ clock, countMax, holdMsMax: 500 });
  const begun: string[] = [];
  const take = (name: string, turn: Turn = "first") =>
    slots.acquire(turn).then((release) => {
      begun.push(name);
      return release;
    });
  return { clock, take, begun };
}

test("no more than the bound begin, and they begin in the order in which they came", async () => {
  const { take, begun } = slotsWith(2);
  const [first] = [take("a"), take("b"), take("c"), take("d")];
  await settled();
  expect(begun).toEqual(["a", "b"]);
  const release = await first;
  release();
  release();
  await settled();
  expect(begun).toEqual(["a", "b", "c"]);
});

test("one that hangs gives its slot back after a while, once", async () => {
  const { clock, take, begun } = slotsWith(1);
  const hanging = take("hanging");
  take("next");
  take("last");
  await clock.advance(499);
  expect(begun).toEqual(["hanging"]);
  await clock.advance(1);
  expect(begun).toEqual(["hanging", "next"]);
  (await hanging)();
  await settled();
  expect(begun).toEqual(["hanging", "next"]);
});

test("what can wait comes after what cannot", async () => {
  const { take, begun } = slotsWith(1);
  const first = await take("first of all", "later");
  const turns = [take("later", "later"), take("soon"), take("later still", "later")];
  first();
  (await turns[1]!)();
  (await turns[0]!)();
  await settled();
  expect(begun).toEqual(["first of all", "soon", "later", "later still"]);
});

test("what can wait begins when all but a few of the others are answered", async () => {
  const { clock, take, begun } = slotsWith(16);
  const firsts = await Promise.all(["a", "b", "c", "d"].map((name) => take(name)));
  take("notice", "later");
  firsts[0]!();
  await settled();
  expect(begun).not.toContain("notice");
  firsts[1]!();
  await settled();
  expect(begun).toContain("notice");
  take("e");
  take("another notice", "later");
  await clock.advance(499);
  expect(begun).not.toContain("another notice");
  await clock.advance(1);
  expect(begun).toContain("another notice");
});
