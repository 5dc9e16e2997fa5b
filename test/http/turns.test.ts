import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Turns } from "../../src/http/turns.ts";

function turnsWith() {
  let nowMs = 0;
  const begun: [name: string, waitedMs: number][] = [];
  const turns = new Turns(() => nowMs);
  return {
    turns,
    begun,
    names: () => begun.map(([name]) => name),
    call: (name: string) => turns.take((waitedMs) => begun.push([name, waitedMs])),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

it("begins a few calls in each turn, in their order", async () => {
  const { call, names: begun, pass } = turnsWith();
  for (const name of names(70)) call(name);
  expect(begun()).toEqual(names(32));
  call("late");
  await turn();
  expect(begun()).toEqual(names(64));
  await turn();
  expect(begun()).toEqual([...names(70), "late"]);
  pass(1000);
  await turn();
  call("alone");
  expect(begun().at(-1)).toBe("alone");
});

it("begins fewer where they take long, and one at least", async () => {
  const { call, begun, pass, turns } = turnsWith();
  const slow = () => turns.take(() => pass(11));
  slow();
  call("second");
  expect(begun).toEqual([]);
  await turn();
  expect(begun).toEqual([["second", 0]]);
});

it("takes connections first, as long as they come", async () => {
  const { turns, call, begun, pass } = turnsWith();
  turns.connectionCame();
  await turn();
  call("a");
  turns.connectionCame();
  pass(100);
  await turn();
  call("b");
  expect(begun).toEqual([]);
  await turn();
  expect(begun).toEqual([
    ["a", 100],
    ["b", 0],
  ]);
});

it("begins calls again after a while, though connections go on coming", async () => {
  const { turns, call, names: begun, pass } = turnsWith();
  const comes = async (ms: number) => {
    turns.connectionCame();
    pass(ms);
    await turn();
  };
  await comes(0);
  call("a");
  await comes(249);
  expect(begun()).toEqual([]);
  await comes(1);
  expect(begun()).toEqual(["a"]);
  await comes(49);
  call("b");
  expect(begun()).toEqual(["a", "b"]);
  await comes(1);
  call("c");
  expect(begun()).toEqual(["a", "b"]);
  await turn();
  expect(begun()).toEqual(["a", "b", "c"]);
});
