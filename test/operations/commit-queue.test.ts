import { describe, expect, it } from "vitest";
import { checkState } from "../../src/core/check.ts";
import { type ClusterState, emptyState, putLink } from "../../src/core/cluster-state.ts";
import { Refusal } from "../../src/core/errors.ts";
import type { LinkId } from "../../src/core/model.ts";
import { restoreState, type StateRecords } from "../../src/core/stored-state.ts";
import { type Command, CommitQueue, RepeatedCall } from "../../src/operations/commit-queue.ts";
import type { Append, AppendOutcome } from "../../src/store/revisions.ts";
import { StoreError } from "../../src/store/store-error.ts";

/** A store whose transactions end when, and as, the test says. */
class ScriptedStore {
  isShared = false;
  readonly batches: (readonly Append[])[] = [];
  readonly outcomes: ((outcome: AppendOutcome | StoreError) => void)[] = [];
  #arrived: (() => void) | undefined;
  head: StateRecords | undefined;

  append(_base: number, entries: readonly Append[]): Promise<AppendOutcome> {
    this.batches.push(entries);
    this.#arrived?.();
    return new Promise((resolve, reject) => {
      this.outcomes.push((outcome) => {
        if (outcome instanceof StoreError) reject(outcome);
        else resolve(outcome);
      });
    });
  }

  news(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  load(): Promise<StateRecords> {
    return Promise.resolve(this.head!);
  }

  /** Resolves when the n-th transaction (counted from 1) is under way. */
  async transaction(n: number): Promise<void> {
    while (this.batches.length < n) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  end(n: number, outcome: AppendOutcome | StoreError): void {
    this.outcomes[n - 1]!(outcome);
  }
}

function start() {
  const store = new ScriptedStore();
  const heads: number[] = [];
  const queue = new CommitQueue({
    store,
    state: emptyState({ clusterId: "test", generation: 1 }),
    now: () => 1000,
    onCommitted: (state) => heads.push(state.revision),
  });
  return { store, queue, heads };
}

const put = (id: string): Command<string> => ({
  kind: "put",
  actor: "test",
  decide: (state: ClusterState) => ({
    state: putLink(state, { id: id as LinkId, state: "up", revision: state.revision + 1 }),
    answer: id,
  }),
});
const refuse: Command<never> = {
  kind: "refuse",
  actor: "test",
  decide: () => {
    throw new Refusal("link-down", { detail: "no" });
  },
};
const nothing: Command<string> = {
  kind: "nothing",
  actor: "test",
  decide: (state) => ({ state, answer: "nothing" }),
};

/** What another process has written meanwhile. */
const theirs: StateRecords = {
  ...emptyState({ clusterId: "test", generation: 1 }),
  revision: 7,
  storageServers: [],
  credentials: [],
  processes: [],
  links: [{ id: "theirs" as LinkId, state: "up", revision: 7 }],
  linkAssignments: [],
  volumes: [],
  lostRevisions: [],
};

const revisionsOf = (entries: readonly Append[]) => entries.map((entry) => entry.heading.revision);

describe("group commit", () => {
  it("gathers what comes while a transaction runs, each with its own revision", async () => {
    const { store, queue, heads } = start();
    const first = queue.submit(put("a"));
    await store.transaction(1);
    const others = ["b", "c", "d"].map((id) => queue.submit(put(id)));
    expect(queue.state.revision).toBe(0);
    store.end(1, "committed");
    expect((await first).state.revision).toBe(1);
    await store.transaction(2);
    expect(store.batches.map(revisionsOf)).toEqual([[1], [2, 3, 4]]);
    expect(queue.state.revision).toBe(1);
    store.end(2, "committed");
    const committed = await Promise.all(others);
    expect(committed.map(({ answer, state }) => [answer, state.revision])).toEqual([
      ["b", 2],
      ["c", 3],
      ["d", 4],
    ]);
    expect(heads).toEqual([1, 4]);
    expect(checkState(queue.state)).toEqual([]);
  });

  it("answers nobody before the transaction has ended, not even with a refusal", async () => {
    const { store, queue } = start();
    const settled: string[] = [];
    const note = (name: string) => () => void settled.push(name);
    const all = [
      queue.submit(put("a")).then(note("a")),
      queue.submit(refuse).catch(note("refused")),
      queue.submit(nothing).then(note("nothing")),
      queue.submit(put("b")).then(note("b")),
    ];
    await store.transaction(1);
    expect(settled).toEqual([]);
    expect(revisionsOf(store.batches[0]!)).toEqual([1, 2]);
    store.end(1, "committed");
    await Promise.all(all);
    expect(settled.sort()).toEqual(["a", "b", "nothing", "refused"]);
  });

  it("drops what a failed transaction held, and goes on", async () => {
    const { store, queue, heads } = start();
    const failure = new StoreError("full", "the disk is full");
    const lost = [queue.submit(put("a")), queue.submit(put("b"))];
    await store.transaction(1);
    const later = queue.submit(put("c"));
    store.end(1, failure);
    for (const result of await Promise.allSettled(lost)) {
      expect(result).toMatchObject({ status: "rejected", reason: failure });
    }
    await store.transaction(2);
    expect(revisionsOf(store.batches[1]!)).toEqual([1]);
    store.end(2, "committed");
    await later;
    expect([...queue.state.links.keys()]).toEqual(["c"]);
    expect(heads).toEqual([1]);
  });

  it("takes the news in and decides again when the head has moved", async () => {
    const { store, queue } = start();
    const write = queue.submit(put("mine"));
    await store.transaction(1);
    store.head = theirs;
    store.end(1, "conflict");
    await store.transaction(2);
    expect(revisionsOf(store.batches[1]!)).toEqual([8]);
    store.end(2, "committed");
    expect((await write).state.revision).toBe(8);
    expect([...queue.state.links.keys()]).toEqual(["mine", "theirs"]);
  });

  it("takes no revision and no transaction for what changes nothing", async () => {
    const { store, queue } = start();
    const { changed, state } = await queue.submit(nothing);
    expect([changed, state.revision, store.batches.length]).toEqual([false, 0, 0]);
    await queue.drain();
  });

  it("refuses nothing on a state that others have changed", async () => {
    const { store, queue, heads } = start();
    store.isShared = true;
    const seen: number[] = [];
    const refused = queue.submit({
      ...refuse,
      decide: (state, at) => {
        seen.push(state.revision);
        return refuse.decide(state, at);
      },
    });
    await store.transaction(1);
    expect(store.batches[0]).toEqual([]);
    store.head = theirs;
    store.end(1, "conflict");
    await store.transaction(2);
    store.end(2, "committed");
    await expect(refused).rejects.toThrow(Refusal);
    expect([seen, heads, queue.state.revision]).toEqual([[0, 7], [7], 7]);
  });

  it("takes in what others have committed, also while it decides, and never goes back", async () => {
    const { store, queue, heads } = start();
    const mine = queue.submit(put("mine"));
    await store.transaction(1);
    const seven = restoreState(theirs);
    queue.adopt(seven);
    queue.adopt({ ...seven, revision: 6 });
    expect([queue.state.revision, heads]).toEqual([7, [7]]);
    store.head = theirs;
    // It was decided on the revision before.
    store.end(1, "conflict");
    await store.transaction(2);
    store.end(2, "committed");
    expect((await mine).state.revision).toBe(8);
    // The store tells of the own head too, perhaps before it has answered.
    queue.adopt((await mine).state);
    expect(heads).toEqual([7, 8]);
  });

  it("does not do again what another process has done, but does its neighbours", async () => {
    const { store, queue } = start();
    const idempotent = { callSha256: "c", requestSha256: "r", at: 1 };
    const again = queue.submit({ ...put("again"), idempotent });
    const neighbour = queue.submit(put("neighbour"));
    await store.transaction(1);
    store.end(1, { repeated: ["c"] });
    await expect(again).rejects.toThrow(RepeatedCall);
    await store.transaction(2);
    store.end(2, "committed");
    await neighbour;
    expect([...queue.state.links.keys()]).toEqual(["neighbour"]);
  });
});
