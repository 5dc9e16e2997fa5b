import { beforeEach, describe, expect, it } from "vitest";
import { changesBetween, sealRevision } from "../../src/core/changes.ts";
import { type ClusterState, emptyState, putLink } from "../../src/core/cluster-state.ts";
import type { LinkId } from "../../src/core/model.ts";
import type { News } from "../../src/core/news.ts";
import type { StateRecords } from "../../src/core/stored-state.ts";
import { Follower } from "../../src/replicas/follower.ts";
import type { Known, Look, Seen } from "../../src/store/shared-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { ManualClock, settled } from "../push/manual-clock.ts";

/** A state with so many links, one of each revision. */
function stateAt(revision: number): ClusterState {
  let state = emptyState({ clusterId: "test", generation: 1 });
  for (let i = 1; i <= revision; i++) {
    const draft = putLink(state, { id: `l-${i}` as LinkId, state: "up", revision: i });
    state = sealRevision(state, draft, changesBetween(state, draft));
  }
  return state;
}

function newsBetween(from: ClusterState, to: ClusterState): News {
  return {
    ...{ fromRevision: from.revision, toRevision: to.revision },
    ...{ volumes: [], processes: [], linkAssignments: [], a2c: [], storageServers: [] },
    ...{ head: to, settings: to.settings, credentials: [], lostRevisions: [] },
    links: from.links.differences(to.links),
  };
}

/** All of a state that has nothing but links. */
function recordsOf(state: ClusterState): StateRecords {
  return {
    ...state,
    ...{ storageServers: [], credentials: [], processes: [], linkAssignments: [] },
    ...{ volumes: [], lostRevisions: [] },
    links: [...state.links.values()],
  };
}

let clock: ManualClock;
/** The store's head. */
let head: ClusterState;
/** Below it, no way is kept. */
let floor: number;
let asked: Known[];
let beforeAnswer: () => Promise<void>;
let committed: { state: ClusterState; adopt(state: ClusterState): void };
let adopted: number[];
let seen: Seen[];
let failures: Error[];
let lines: string[];
const lease: { term: number | undefined } = { term: undefined };
let follower: Follower;

beforeEach(() => {
  clock = new ManualClock();
  [head, floor, asked, adopted] = [stateAt(1), 0, [], []];
  [seen, failures, lines] = [[], [], []];
  lease.term = undefined;
  beforeAnswer = async () => {};
  committed = {
    state: head,
    adopt: (state) => {
      if (state.revision <= committed.state.revision) return;
      adopted.push(state.revision);
      committed.state = state;
    },
  };
  follower = new Follower({
    shared: { look: lookInto },
    committed,
    lease,
    clock,
    onSeen: (one) => seen.push(one),
    onFailure: (error) => failures.push(error),
    log: {
      info: (_, message) => lines.push(message),
      warn: (_, message) => lines.push(message),
    },
  });
  follower.start();
});

async function lookInto(known: Known): Promise<Look> {
  asked.push(known);
  const at = head;
  await beforeAnswer();
  const way = known.revision >= floor ? newsBetween(stateAt(known.revision), at) : recordsOf(at);
  return {
    head: at,
    news: at.revision > known.revision ? way : undefined,
    ...{ floorRevision: floor, ledgerVersion: 5, deliveries: [], losses: [], term: 3, heard: [] },
  };
}

describe("a follower", () => {
  it("looks four times a second, and asks for no more than what is new", async () => {
    await settled();
    await clock.advance(1000);
    expect(asked.length).toBe(5);
    expect(asked[0]).toEqual({ revision: 1, ledgerVersion: -1, lossesRevision: -1 });
    expect(asked[1]).toEqual({ revision: 1, ledgerVersion: 5, lossesRevision: 1 });
    expect(adopted).toEqual([]);
  });

  it("takes in what others have written, from where it is", async () => {
    await settled();
    head = stateAt(4);
    follower.wake();
    await settled();
    expect(adopted).toEqual([4]);
    expect([...committed.state.links.keys()]).toEqual(["l-1", "l-2", "l-3", "l-4"]);
    expect(seen.at(-1)!.state).toBe(committed.state);
  });

  it("takes in the whole where no way is kept", async () => {
    await settled();
    [head, floor] = [stateAt(9), 8];
    await follower.look();
    expect([committed.state.revision, committed.state.links.size]).toEqual([9, 9]);
  });

  it("does not go back where its own process has committed meanwhile", async () => {
    await settled();
    let answer = () => {};
    beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    head = stateAt(2);
    const looking = follower.look();
    await settled();
    committed.state = stateAt(3);
    answer();
    await looking;
    expect(committed.state.revision).toBe(3);
    // What is told is of one moment.
    expect(seen.at(-1)!.state.revision).toBe(2);
  });

  it("begins a look for whoever asks while another one is under way", async () => {
    await settled();
    const answers: (() => void)[] = [];
    beforeAnswer = () => new Promise((resolve) => void answers.push(resolve));
    follower.wake();
    await settled();
    head = stateAt(2);
    let isDone = false;
    const looking = follower.look().then(() => {
      isDone = true;
    });
    answers[0]!();
    await settled();
    expect([isDone, answers.length]).toEqual([false, 2]);
    answers[1]!();
    await looking;
    expect(committed.state.revision).toBe(2);
  });

  it("tells under which term its process holds the lease, where that is the last one", async () => {
    await follower.look();
    lease.term = 2;
    await follower.look();
    lease.term = 3;
    await follower.look();
    expect(seen.map(({ term }) => term).slice(-3)).toEqual([undefined, undefined, 3]);
  });

  it("knows how old what it knows is, and tells once that the store is out of reach", async () => {
    await settled();
    expect(follower.ageMs).toBe(0);
    beforeAnswer = async () => {
      throw new StoreError("unavailable", "out of reach");
    };
    await clock.advance(10_000);
    expect(follower.ageMs).toBeGreaterThan(9_000);
    await expect(follower.look()).rejects.toThrow(StoreError);
    beforeAnswer = async () => {};
    await clock.advance(250);
    expect(follower.ageMs).toBe(0);
    expect(lines).toEqual([
      "the store is out of reach; reads go on from memory",
      "the store is within reach again",
    ]);
  });

  it("ends its process where the store is another one, or has gone back", async () => {
    committed.state = stateAt(5);
    head = stateAt(4);
    await settled();
    follower.wake();
    await settled();
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringMatching(/another history .* revision 4 .* 5 was known/),
    ]);
    expect(seen.every(({ state }) => state.revision === 1)).toBe(true);
  });
});
