import { Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { EventStreams } from "../../src/events/event-streams.ts";
import type { RevisionRecord } from "../../src/store/revisions.ts";
import { ManualClock, settled } from "../push/manual-clock.ts";

const HEARTBEAT_MS = 15_000;
const at = (revision: number, generation = 1) => ({ generation, revision });

/** A history of which every third revision does not concern the tables. */
class History {
  generation = 1;
  revision = 0;
  floorRevision = 0;
  readonly asked: string[] = [];
  /** Awaited before each answer. */
  gate: Promise<void> = Promise.resolve();

  async headings(revisions: readonly number[]): Promise<RevisionRecord[]> {
    this.asked.push(`${revisions[0]}-${revisions.at(-1)}`);
    await this.gate;
    return revisions.filter((revision) => revision >= this.floorRevision).map(recordOf);
  }

  get distributed(): number {
    return distributedAt(this.revision);
  }
}

const distributedAt = (revision: number) => (revision % 3 === 0 ? revision - 1 : revision);
const recordOf = (revision: number): RevisionRecord => ({
  ...{ revision, at: 0, actor: "a", reason: "secret", kind: "test" },
  ...{ changed: { a2cEntries: 0, linkAssignments: 0, movedAddresses: 0 } },
  distributedRevision: Math.max(0, distributedAt(revision)),
});

let history: History;
let clock: ManualClock;
let dropped: number;
let streams: EventStreams;

beforeEach(() => {
  history = new History();
  clock = new ManualClock();
  dropped = 0;
  streams = new EventStreams({
    ...{ store: history, clock, eventStreamsMax: 3, log: { info: () => dropped++ } },
    head: () => {
      const { generation, floorRevision, distributed: revision } = history;
      return { generation, revision: Math.max(0, revision), floorRevision };
    },
  });
});

const moveTo = (revision: number) => {
  history.revision = revision;
  streams.wake();
};

/** Reads everything that comes, or, while it holds, nothing. */
class Reader extends Writable {
  text = "";
  #held: (() => void) | undefined;
  holding = false;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk;
    if (this.holding) this.#held = done;
    else done();
  }

  goOn(): void {
    this.holding = false;
    this.#held?.();
  }

  get ids(): string[] {
    return [...this.text.matchAll(/^id: (.*)\nevent: (.*)$/gm)].map(
      ([, id, event]) => `${event} ${id}`,
    );
  }
}

function read(from?: { generation: number; revision: number }, holding = false) {
  const reader = new Reader({ highWaterMark: 1 });
  reader.holding = holding;
  const stream = streams.open(from);
  stream.on("error", () => {});
  stream.pipe(reader);
  return { reader, stream };
}

describe("a follower", () => {
  it("that has just come is told the head, then each revision that changes the tables", async () => {
    history.revision = 4;
    const { reader } = read();
    await settled();
    expect(reader.ids).toEqual(["head 1.4"]);
    moveTo(5);
    await settled();
    moveTo(6);
    await settled();
    moveTo(8);
    await settled();
    expect(reader.ids).toEqual(["head 1.4", "revision 1.5", "revision 1.7", "revision 1.8"]);
    expect(reader.text).not.toContain("secret");
  });

  it("that comes back is told what it has missed, in order, each once", async () => {
    history.revision = 1000;
    const { reader } = read(at(2));
    const more = setInterval(() => moveTo(history.revision + 1), 0);
    while (reader.ids.length < 800) await settled();
    clearInterval(more);
    await settled();
    const expected = Array.from({ length: history.revision - 2 }, (_, i) => i + 3)
      .filter((revision) => revision % 3 !== 0)
      .map((revision) => `revision 1.${revision}`);
    expect(reader.ids).toEqual(expected);
  });

  it("is told the head alone where what it missed is not known", async () => {
    history.revision = 40;
    history.floorRevision = 10;
    const places = [at(9), at(41), at(40, 2)];
    const readers = places.map((place) => read(place).reader);
    await settled();
    for (const { ids } of readers) expect(ids).toEqual(["head 1.40"]);
    expect(history.asked).toEqual([]);
  });

  it("is told the head where the history went while it was read", async () => {
    history.revision = 40;
    let open = () => {};
    history.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { reader } = read(at(20));
    await settled();
    history.floorRevision = 30;
    open();
    await settled();
    expect(reader.ids).toEqual(["head 1.40"]);
  });

  it("is told of a new generation", async () => {
    history.revision = 4;
    const { reader } = read(at(4));
    await settled();
    history.generation = 9;
    moveTo(5);
    await settled();
    moveTo(7);
    await settled();
    expect(reader.ids).toEqual(["head 9.5", "revision 9.7"]);
  });

  it("whose store fails is cut off, and comes back", async () => {
    history.revision = 4;
    history.gate = Promise.reject(new Error("the store is away"));
    history.gate.catch(() => {});
    const { stream } = read(at(2));
    await settled();
    expect(stream.destroyed).toBe(true);
    history.gate = Promise.resolve();
    const { reader } = read(at(2));
    await settled();
    expect(reader.ids).toEqual(["revision 1.4"]);
  });
});

it("reads and encodes a step once for all streams", async () => {
  history.revision = 4;
  const readers = [read(at(2)), read(at(2)), read(at(2))];
  await settled();
  moveTo(5);
  await settled();
  expect(history.asked).toEqual(["3-4", "5-5"]);
  for (const { reader } of readers) expect(reader.ids).toEqual(["revision 1.4", "revision 1.5"]);
});

describe("a slow reader", () => {
  it("is given no more than it takes, and dropped at the second heartbeat", async () => {
    history.revision = 5000;
    const { reader, stream } = read(at(0), true);
    await settled();
    const asked = history.asked.length;
    expect(asked).toBeLessThanOrEqual(2);
    for (let i = 0; i < 50; i++) moveTo(history.revision + 1);
    await clock.advance(HEARTBEAT_MS);
    expect(history.asked.length).toBe(asked);
    expect([stream.destroyed, dropped]).toEqual([false, 0]);
    expect(stream.readableLength).toBeLessThan(64 * 1024);
    await clock.advance(HEARTBEAT_MS);
    expect([stream.destroyed, dropped]).toEqual([true, 1]);
    expect(reader.ids).toEqual([]);
  });

  it("that takes it at last goes on where it was, and is as good as new", async () => {
    history.revision = 2;
    const { reader, stream } = read(at(0), true);
    await settled();
    for (let round = 0; round < 3; round++) {
      await clock.advance(HEARTBEAT_MS);
      reader.goOn();
      await settled();
      reader.holding = true;
      // What it is given is now on its way, and then in the stream's buffer.
      await clock.advance(2 * HEARTBEAT_MS);
    }
    expect(stream.destroyed).toBe(false);
    expect(reader.ids).toEqual(["revision 1.1", "revision 1.2"]);
  });

  it("does not keep the others waiting", async () => {
    const slow = read(at(0), true);
    const fast = read(at(0));
    for (let revision = 1; revision <= 2000; revision++) moveTo(revision);
    while (fast.reader.ids.at(-1) !== "revision 1.2000") await settled();
    expect(slow.reader.ids).toEqual([]);
  });
});

describe("all streams together", () => {
  it("have a bound, and make room for others when they end", async () => {
    const [first] = [read(), read(), read()];
    expect(() => streams.open(undefined)).toThrow(
      expect.objectContaining({ code: "too-many-streams" }),
    );
    first.stream.destroy();
    await settled();
    read();
    expect(() => streams.open(undefined)).toThrow();
  });

  it("get a sign of life from time to time, and find what no hint has told", async () => {
    const { reader } = read(at(0));
    await settled();
    history.revision = 1;
    await clock.advance(HEARTBEAT_MS);
    expect(reader.text.split(":\n\n")).toHaveLength(2);
    expect(reader.ids).toEqual(["revision 1.1"]);
  });

  it("end after an hour, and when the service closes, also those that come late", async () => {
    const { reader } = read();
    await settled();
    await clock.advance(60 * 60_000 - 1);
    expect(reader.writableFinished).toBe(false);
    await clock.advance(1);
    await settled();
    expect(reader.writableFinished).toBe(true);

    const [other, stalled] = [read(), read(undefined, true)];
    await settled();
    await clock.advance(HEARTBEAT_MS);
    streams.close();
    const late = read();
    await settled();
    expect([other.reader.writableFinished, late.reader.writableFinished]).toEqual([true, true]);
    // It would hold up the end.
    expect(stalled.stream.destroyed).toBe(true);
    expect(late.reader.ids).toEqual([]);
  });

  it("take no time of the clock when there are none", async () => {
    const { stream } = read();
    stream.destroy();
    await settled();
    await clock.advance(HEARTBEAT_MS);
    let waiting = false;
    void clock.whenWaiting().then(() => {
      waiting = true;
    });
    await settled();
    expect(waiting).toBe(false);
  });
});
