import { expect, test } from "vitest";
import { columnsOf } from "../../src/core/ranges.ts";
import { Messages } from "../../src/push/messages.ts";
import { makeVolume } from "../support/hand-over-cluster.ts";
import { FakeStore } from "./fakes.ts";

function storeWithChanges(count: number): FakeStore {
  const store = new FakeStore();
  for (let i = 0; i < count; i++) store.change();
  return store;
}
const delta = (fromRevision: number, revision: number) =>
  ({ kind: "delta", fromRevision, revision }) as const;
const messagesOf = (store: Pick<FakeStore, "changesBetween">) =>
  new Messages({ store, publicUrl: async () => "http://127.0.0.1:8080" });

test("a step is built once, however many ask for it at a time or later", async () => {
  const store = storeWithChanges(5);
  const messages = messagesOf(store);
  const asked = [1, 2, 3].map(() => messages.messageFor(store.state, delta(2, 5), 0));
  const [first, ...others] = await Promise.all(asked);
  const later = await messages.messageFor(store.state, delta(2, 5), 0);
  for (const other of [...others, later]) expect(other?.body).toBe(first?.body);
  expect(store.deltasAsked).toEqual(["2-5"]);
  expect(first?.sent).toMatchObject({ ...delta(2, 5), generation: 1 });
});

test("what is settled since is told with the same tables, which are not built again", async () => {
  const store = storeWithChanges(5);
  const messages = messagesOf(store);
  const before = await messages.messageFor(store.state, delta(2, 5), 3);
  const after = await messages.messageFor(store.state, delta(2, 5), 5);
  const again = await messages.messageFor(store.state, delta(2, 5), 5);
  const parsed = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString());
  expect(parsed(after.body)).toEqual({ ...parsed(before.body), settledRevision: 5 });
  expect([before, after].map(({ sent }) => sent.settledRevision)).toEqual([3, 5]);
  expect(again.body).toBe(after.body);
  expect(store.deltasAsked).toEqual(["2-5"]);
});

test("a moved head lets go of what was built for the one before", async () => {
  const store = storeWithChanges(5);
  const messages = messagesOf(store);
  const before = await messages.messageFor(store.state, { kind: "snapshot", revision: 5 }, 0);
  store.change();
  const after = await messages.messageFor(store.state, { kind: "snapshot", revision: 6 }, 0);
  expect(after.body).not.toBe(before.body);
  expect(JSON.parse(Buffer.from(after.body).toString())).toMatchObject({ revision: 6 });
});

test("the number of steps that are kept is bounded, by last use", async () => {
  const store = storeWithChanges(40);
  const messages = messagesOf(store);
  const ask = (from: number) => messages.messageFor(store.state, delta(from, 40), 0);
  for (let from = 0; from < 32; from++) await ask(from);
  await ask(0);
  await ask(32);
  store.deltasAsked.length = 0;
  await ask(0);
  await ask(1);
  expect(store.deltasAsked).toEqual(["1-40"]);
});

test("what could not be built is built again", async () => {
  const store = storeWithChanges(3);
  let broken = true;
  const messages = messagesOf({
    changesBetween: (from: number, to: number) =>
      broken ? Promise.reject(new Error("disk")) : store.changesBetween(from, to),
  });
  await expect(messages.messageFor(store.state, delta(1, 3), 0)).rejects.toThrow("disk");
  broken = false;
  expect((await messages.messageFor(store.state, delta(1, 3), 0)).sent.revision).toBe(3);
});

test("a step from below the floor, raised since it was chosen, becomes a snapshot", async () => {
  const store = storeWithChanges(5);
  store.floor = 3;
  const messages = messagesOf(store);
  const { body, sent } = await messages.messageFor(store.state, delta(2, 5), 0);
  expect(sent).toMatchObject({ kind: "snapshot", revision: 5 });
  expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({ kind: "snapshot", revision: 5 });
  expect((await messages.messageFor(store.state, delta(3, 5), 0)).sent.kind).toBe("delta");
});

test("a large delta that gives most of the table anew goes as a snapshot, to be fetched", async () => {
  const store = new FakeStore();
  store.commit(makeVolume(Array.from({ length: 21_000 }, (_, lba) => String(lba % 2))));
  const [{ id: volumeId, map } = {} as never] = [...store.state.volumes.values()];
  const messageAfter = async (rows: number) => {
    const ranges = columnsOf([...map.ranges()].slice(0, rows));
    const changes = {
      volumes: [],
      processes: [],
      linkAssignments: [],
      a2c: [{ volumeId, ranges }],
    };
    const revisions = { fromRevision: 0, toRevision: store.state.distributedRevision };
    const messages = messagesOf({ changesBetween: async () => ({ ...revisions, ...changes }) });
    const step = delta(0, revisions.toRevision);
    const { sent, body } = await messages.messageFor(store.state, step, 0);
    return [sent.kind, JSON.parse(Buffer.from(body).toString()).kind];
  };
  expect(await messageAfter(10_501)).toEqual(["snapshot", "snapshot-ref"]);
  expect(await messageAfter(10_500)).toEqual(["delta", "delta"]);
});
