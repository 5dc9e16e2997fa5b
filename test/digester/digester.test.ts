/** However many rows there are, and in how many threads, the digest is that of the rows. */
import { expect, it, onTestFinished } from "vitest";
import type { MapChange } from "../../src/core/changes.ts";
import { a2cRow, digestOf } from "../../src/core/digest.ts";
import type { CNodeId, OwnedRange, VolumeId } from "../../src/core/model.ts";
import { columnsOf, rangesOf } from "../../src/core/ranges.ts";
import { Digester } from "../../src/digester/digester.ts";
import { Threads } from "../../src/threads/threads.ts";
import { realClock } from "../push/manual-clock.ts";
import { programRoot } from "../support/service.ts";

/** Ranges of 10 blocks each, of owners that differ from volume to volume. */
function rangesFrom(firstOwner: number, count: number): OwnedRange[] {
  return Array.from({ length: count }, (_, i) => {
    const cNodeId = `c-${firstOwner + (i % 7)}` as CNodeId;
    return { firstLba: 10 * i, lastLba: 10 * i + 9, cNodeId };
  });
}

function changeOf(volume: number, removed: number, added: number): MapChange {
  return {
    volumeId: `v-${volume}` as VolumeId,
    removed: columnsOf(rangesFrom(volume, removed)),
    added: columnsOf(rangesFrom(volume + 3, added)),
  };
}

function* rowsOf(maps: readonly MapChange[]): IterableIterator<string> {
  for (const { volumeId, removed, added } of maps) {
    for (const range of [...rangesOf(removed), ...rangesOf(added)]) {
      yield a2cRow({ volumeId, ...range });
    }
  }
}

function startDigester(): Digester {
  const threads = new Threads(programRoot, realClock);
  onTestFinished(() => threads.close());
  return new Digester({ threads, onLost: (error) => expect.fail(String(error)) });
}

it.each([
  { what: "no change", maps: [] },
  { what: "a small one", maps: [changeOf(1, 3, 5), changeOf(2, 0, 4)] },
  { what: "a large map that is new", maps: [changeOf(1, 0, 250_001)] },
  {
    what: "many volumes",
    maps: Array.from({ length: 24 }, (_, i) => changeOf(i, 3_000 + i, 7_000 - i)),
  },
])("tells what the rows do to the digest: $what", async ({ maps }) => {
  expect(await startDigester().digestOf(maps)).toEqual(digestOf(rowsOf(maps)));
});

it("leaves the rows to who asks, since they are still to be stored", async () => {
  const change = changeOf(1, 120_000, 130_000);
  const copy = structuredClone(change);
  const digester = startDigester();
  const first = await digester.digestOf([change]);
  expect(change).toEqual(copy);
  expect(await digester.digestOf([change])).toEqual(first);
});

it("does without threads where one is lost, and takes no answer for that to another change", async () => {
  const lost: unknown[] = [];
  let isLosing = true;
  const threads = new Threads(programRoot, realClock);
  onTestFinished(() => threads.close());
  const digester = new Digester({
    threads: {
      // The first part can't be handed over; the others are being worked on all the while.
      runBeside: (file, place, input, transfer) =>
        threads.runBeside(file, place, isLosing && place === 0 ? () => {} : input, transfer),
    },
    onLost: (error) => lost.push(error),
  });
  const [first, second] = [[changeOf(1, 0, 220_000)], [changeOf(2, 0, 210_000)]];
  expect(await digester.digestOf(first)).toEqual(digestOf(rowsOf(first)));
  expect(lost).toHaveLength(1);
  isLosing = false;
  expect(await digester.digestOf(second)).toEqual(digestOf(rowsOf(second)));
  expect(lost).toHaveLength(1);
});
