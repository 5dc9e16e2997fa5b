/** What a server may serve of what came to it (distribution, hand-over), message by message. */
import { beforeEach, describe, expect, it } from "vitest";
import { admit, settle } from "../../src/agent/hand-over.ts";
import { type Message, parseMessage } from "../../src/agent/message.ts";
import { receive } from "../../src/agent/receive.ts";
import { FRESH_STATE, type ReceiverState } from "../../src/agent/receiver-state.ts";
import { removeVolume } from "../../src/core/cluster-state.ts";
import { startGeneration } from "../../src/core/decisions/generation.ts";
import {
  deltaMessage,
  encodeUpdate,
  snapshotMessage,
  type TablesUpdate,
} from "../../src/core/delta.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { DistributedHistory } from "../support/distributed-history.ts";
import { addNode, cNodeOf, give, makeVolume, VOLUME } from "../support/hand-over-cluster.ts";

const SELF = "a" as StorageServerId;
let history: DistributedHistory;
let state: ReceiverState;

/** A owns 0–3, B 4–7, and everything is settled. */
beforeEach(() => {
  history = new DistributedHistory();
  for (const name of ["a", "b"]) history.commit(addNode(name));
  history.commit(makeVolume([..."aaaabbbb"]));
  state = FRESH_STATE;
  takeSnapshot(head());
});

const head = () => history.head.distributedRevision;
const messageOf = (update: TablesUpdate): Message => {
  const parsed = parseMessage(JSON.parse([...encodeUpdate(update)].join("")));
  if (parsed.kind === "malformed") throw new Error(parsed.detail);
  return parsed.message;
};

function take(message: Message): void {
  const received = receive(state, message, SELF);
  expect(received.answer.status).toBe(200);
  state = received.state;
}
const takeSnapshot = (settled: number) => take(messageOf(snapshotMessage(history.head, settled)));
const takeDelta = (settled: number) =>
  take(messageOf(deltaMessage(history.head, history.between(state.revision, head()), settled)));
const hear = (settledRevision: number, revision = head()) => {
  state = settle(state, { generation: history.head.generation, revision, settledRevision });
};

/** What A serves, as `0123`; a dot for what it does not. */
function served(): string {
  const lbas = Array.from({ length: state.volumes.get(VOLUME)?.blockCount ?? 0 }, (_, lba) => lba);
  const serves = (lba: number) =>
    admit(state, SELF, cNodeOf("a"), { volumeId: VOLUME, firstLba: lba, lastLba: lba }).kind ===
    "serve";
  return lbas.map((lba) => (serves(lba) ? lba : ".")).join("");
}

describe("addresses that came", () => {
  it("are served when what they came with is settled, not before", () => {
    history.commit(give("a", 4, 5));
    takeDelta(head() - 1);
    expect(served()).toBe("0123....");
    hear(head() - 1);
    expect(served()).toBe("0123....");
    hear(head());
    expect(served()).toBe("012345..");
  });

  it("are served at once where the message says that it is settled", () => {
    history.commit(give("a", 4, 5));
    takeDelta(head());
    expect(served()).toBe("012345..");
  });

  it("are not served for news of another revision than the one the server is at", () => {
    history.commit(give("a", 4, 5));
    takeDelta(head() - 1);
    hear(head() + 1, head() + 1);
    hear(head(), head() - 1);
    expect(served()).toBe("0123....");
  });

  it("keep the revision that they came with while others come", () => {
    history.commit(give("a", 4, 4));
    const first = head();
    takeDelta(first - 1);
    history.commit(give("a", 6, 6));
    takeDelta(first);
    expect(served()).toBe("01234...");
    hear(head());
    expect(served()).toBe("01234.6.");
  });

  it("and went again are forgotten", () => {
    history.commit(give("a", 4, 4));
    takeDelta(head() - 1);
    history.commit(give("b", 4, 4));
    takeDelta(head() - 2);
    expect(state.pending.size).toBe(0);
  });
});

describe("addresses that went and came back while the server was behind", () => {
  // B takes them over in between, loses them again, and may not have heard of the second yet.
  it("came with the message that says so, though they had come before", () => {
    history.commit(give("a", 4, 4));
    const first = head();
    takeDelta(first - 1);
    history.commit(give("b", 4, 4));
    history.commit(give("a", 4, 4));
    takeDelta(first + 1);
    expect(served()).toBe("0123....");
    hear(head());
    expect(served()).toBe("01234...");
  });

  it("are served on where they were served: nobody was told that they were settled", () => {
    history.commit(give("b", 0, 1));
    history.commit(give("a", 0, 1));
    takeDelta(head() - 2);
    expect(served()).toBe("0123....");
  });
});

describe("a snapshot", () => {
  it("brings what the server did not own just before, and nothing else", () => {
    history.commit(give("a", 4, 4));
    takeSnapshot(head() - 1);
    expect(served()).toBe("0123....");
    hear(head());
    expect(served()).toBe("01234...");
  });

  it("of a new generation keeps pending what was, and serves what was served", () => {
    history.commit(give("a", 4, 4));
    takeDelta(head() - 1);
    history.commit((before) => startGeneration(before, 0));
    takeSnapshot(head() - 1);
    expect(served()).toBe("0123....");
    hear(head());
    expect(served()).toBe("01234...");
  });

  it("to a server without a state brings everything", () => {
    state = FRESH_STATE;
    takeSnapshot(head() - 1);
    expect(served()).toBe("........");
    hear(head());
    expect(served()).toBe("0123....");
  });
});

it("a volume that is made again is another one, also within one message", () => {
  history.commit((before) => removeVolume(before, VOLUME));
  history.commit(makeVolume([..."aab"]));
  takeDelta(head() - 1);
  expect(served()).toBe("...");
  hear(head());
  expect(served()).toBe("01.");
});
