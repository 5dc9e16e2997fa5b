import { expect, it } from "vitest";
import { MAX_ADDRESS_COUNT } from "../../src/core/model.ts";
import { restoreState } from "../../src/core/stored-state.ts";
import type { Bench } from "./bench.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { decisionOf, plainState } from "./store-model.ts";

export function appendContract({ newStore, reopen }: Bench): void {
  it("begins with an empty cluster", async () => {
    const store = await newStore();
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(EMPTY_STATE));
    expect(await store.revisions({ limit: 10 })).toEqual([]);
    expect(await store.deliveries()).toEqual([]);
    expect(await store.rebalances({ limit: 10 })).toEqual([]);
  });

  it("keeps what it has committed, in batches and over a restart", async () => {
    let store = await newStore();
    const first = settingsDecisions(EMPTY_STATE, 3);
    expect(await store.append(0, first.entries)).toBe("committed");
    store = await reopen(store);
    const second = settingsDecisions(first.state, 2);
    expect(await store.append(3, second.entries)).toBe("committed");
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(second.state));
  });

  it("answers conflict and writes nothing when the head is another one", async () => {
    const store = await newStore();
    const first = settingsDecisions(EMPTY_STATE, 1);
    await store.append(0, first.entries);
    expect(await store.append(0, settingsDecisions(EMPTY_STATE, 2).entries)).toBe("conflict");
    const ahead = settingsDecisions(settingsDecisions(first.state, 1).state, 1);
    expect(await store.append(2, ahead.entries)).toBe("conflict");
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(first.state));
    expect(await store.revisions({ limit: 10 })).toHaveLength(1);
  });

  it("tells without entries whether the head is still where it was", async () => {
    const store = await newStore();
    await store.append(0, settingsDecisions(EMPTY_STATE, 1).entries);
    expect(await store.append(1, [])).toBe("committed");
    expect(await store.append(0, [])).toBe("conflict");
    expect((await store.load()).revision).toBe(1);
  });

  it("leaves nothing of an append that fails, and goes on", async () => {
    const store = await newStore();
    const { entries, state } = settingsDecisions(EMPTY_STATE, 1);
    const neverStored = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
    const broken = decisionOf(
      { ...state, volumes: neverStored.volumes },
      volumeWith({ ...state, volumes: neverStored.volumes }, "v", [[0, 9, "c-2"]]),
    );
    await expect(store.append(0, [...entries, broken.entry])).rejects.toThrow(/one live row of v/);
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(EMPTY_STATE));
    expect(await store.append(0, entries)).toBe("committed");
  });

  it("refuses revisions that leave a gap", async () => {
    const store = await newStore();
    const { entries } = settingsDecisions(EMPTY_STATE, 3);
    await expect(store.append(0, [entries[0]!, entries[2]!])).rejects.toThrow(/revision 3/);
    expect((await store.load()).revision).toBe(0);
  });

  it("keeps addresses up to 2^53 − 1 exactly", async () => {
    const store = await newStore();
    const last = MAX_ADDRESS_COUNT - 1;
    const draft = volumeWith(EMPTY_STATE, "v", [
      [0, 2 ** 51, "c-1"],
      [2 ** 51 + 1, last - 1, "c-2"],
      [last, last, "c-1"],
    ]);
    const one = decisionOf(EMPTY_STATE, draft);
    await store.append(0, [one.entry]);
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(one.after));

    // Rows are found again by such an address.
    const two = decisionOf(
      one.after,
      volumeWith(one.after, "v", [
        [0, 2 ** 52, "c-1"],
        [2 ** 52 + 1, last, "c-3"],
      ]),
    );
    await store.append(1, [two.entry]);
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(two.after));
  });

  it("keeps tables of many rows, volume by volume", async () => {
    const store = await newStore();
    const stripes = (count: number) =>
      Array.from({ length: count }, (_, i) => [10 * i, 10 * i + 9, `c-${i % 3}`] as const);
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", stripes(12_000)));
    const two = decisionOf(one.after, volumeWith(one.after, "w", stripes(8_000)));
    const three = decisionOf(two.after, volumeWith(two.after, "x", stripes(10_000)));
    await store.append(0, [one.entry, two.entry, three.entry]);
    expect(plainState(restoreState(await store.load()))).toEqual(plainState(three.after));
  });

  it("takes many appends at once, in the order in which they were made", async () => {
    const store = await newStore();
    const { entries } = settingsDecisions(EMPTY_STATE, 20);
    const answers = await Promise.all(
      entries.map((entry) => store.append(entry.heading.revision - 1, [entry])),
    );
    expect(new Set(answers)).toEqual(new Set(["committed"]));
    expect((await store.load()).revision).toBe(20);
  });

  it("closes once, carrying out what was asked before, and takes no calls after", async () => {
    const store = await newStore();
    const committed = store.append(0, settingsDecisions(EMPTY_STATE, 1).entries);
    await Promise.all([store.close(), store.close()]);
    expect(await committed).toBe("committed");
    await expect(store.load()).rejects.toThrow("the store is closed");
  });
}
