/** What a storage server keeps, on a real file. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Message, parseMessage } from "../../src/agent/message.ts";
import { receive } from "../../src/agent/receive.ts";
import { encodeState, FRESH_STATE, type ReceiverState } from "../../src/agent/receiver-state.ts";
import { readStateFile, StateFile } from "../../src/agent/state-file.ts";
import { deltaMessage, encodeUpdate, snapshotMessage } from "../../src/core/delta.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { firstState, randomChange } from "../hand-over/changes.ts";
import { DistributedHistory } from "../support/distributed-history.ts";
import { addNode, give, makeVolume } from "../support/hand-over-cluster.ts";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";

const SELF = "a" as StorageServerId;
const newPath = () => join(temporaryDirectory(), "tables");
const textOf = (state: ReceiverState) => [...encodeState(state)].join("");

function messageOf(text: Iterable<string>): Message {
  const parsed = parseMessage(JSON.parse([...text].join("")));
  if (parsed.kind === "malformed") throw new Error(parsed.detail);
  return parsed.message;
}

/** Takes what leads from where the receiver is to the head of a history. */
function nextMessage(history: DistributedHistory, state: ReceiverState): Message | undefined {
  const { head } = history;
  if (state.revision === head.distributedRevision && state.generation === head.generation) {
    return undefined;
  }
  if (state.generation !== head.generation)
    return messageOf(encodeUpdate(snapshotMessage(head, 0)));
  const changes = history.between(state.revision, head.distributedRevision);
  return messageOf(encodeUpdate(deltaMessage(head, changes, head.distributedRevision)));
}

it("reads back what was kept, after every message of random histories", async () => {
  for (let i = 0; i < 20; i++) {
    const random = new Random(seed + i);
    const history = new DistributedHistory();
    history.commit(firstState(random));
    const path = newPath();
    const file = new StateFile(path);
    let state = FRESH_STATE;
    for (let step = 0; step < 30; step++) {
      const message = nextMessage(history, state);
      if (message) {
        const received = receive(state, message, SELF);
        expect(received.answer.status).toBe(200);
        await file.keep(received.state, message);
        state = received.state;
        const read = await readStateFile(path, SELF);
        expect(read.damage).toBeUndefined();
        expect(textOf(read.state)).toBe(textOf(state));
      }
      history.commit(randomChange(random));
    }
    await file.close();
  }
});

describe("a file", () => {
  /** One that holds a snapshot and two deltas, and what it was after each. */
  async function written() {
    const history = new DistributedHistory();
    history.commit(addNode("a"));
    history.commit(addNode("b"));
    history.commit(makeVolume([..."aaaabbbb"]));
    const path = newPath();
    const file = new StateFile(path);
    let state = FRESH_STATE;
    for (const change of [give("b", 0, 0), give("a", 7, 7), give("b", 1, 1)]) {
      history.commit(change);
      const message = nextMessage(history, state)!;
      state = receive(state, message, SELF).state;
      await file.keep(state, message);
    }
    await file.close();
    return { path, state };
  }

  it("that is not there is a receiver that has never been sent to", async () => {
    expect(await readStateFile(newPath(), SELF)).toEqual({ state: FRESH_STATE });
  });

  it("counts for nothing with any bit of it wrong, or any end of a line missing", async () => {
    const { path } = await written();
    const bytes = readFileSync(path);
    const ends = new Set<number>();
    for (const [i, byte] of bytes.entries()) if (byte === 0x0a) ends.add(i + 1);
    expect(ends.size).toBe(3);
    const random = new Random(seed);
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(bytes);
      const place = random.below(bytes.length);
      damaged[place] = damaged[place]! ^ (1 << random.below(8));
      writeFileSync(path, damaged);
      const read = await readStateFile(path, SELF);
      expect([place, read.state]).toEqual([place, FRESH_STATE]);
      expect(read.damage).toBeTypeOf("string");
    }
    for (let length = 0; length < bytes.length; length += 7) {
      if (ends.has(length)) continue;
      writeFileSync(path, bytes.subarray(0, length));
      expect((await readStateFile(path, SELF)).damage).toBeTypeOf("string");
    }
  });

  it("is written anew when its messages outgrow the state", async () => {
    const history = new DistributedHistory();
    history.commit(addNode("a"));
    history.commit(addNode("b"));
    history.commit(makeVolume(Array.from({ length: 500 }, (_, lba) => "ab"[lba % 2]!)));
    const path = newPath();
    const file = new StateFile(path);
    let state = FRESH_STATE;
    let largest = 0;
    for (let i = 0; i < 400; i++) {
      const message = nextMessage(history, state)!;
      state = receive(state, message, SELF).state;
      await file.keep(state, message);
      largest = Math.max(largest, statSync(path).size);
      history.commit(give(i % 2 === 0 ? "a" : "b", i, i + 40));
    }
    await file.close();
    const stateBytes = Buffer.byteLength(textOf(state));
    expect(largest).toBeLessThan(2 * Math.max(64 * 1024, stateBytes) + 100_000);
    expect(textOf((await readStateFile(path, SELF)).state)).toBe(textOf(state));
  });
});
