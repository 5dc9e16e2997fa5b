import { describe, expect, test } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import * as cluster from "../../src/core/cluster-state.ts";
import { deltaMessage, encodeUpdate, snapshotMessage } from "../../src/core/delta.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { Link, Process, Volume } from "../../src/core/model.ts";
import { DistributedHistory } from "../support/distributed-history.ts";

const written = (update: Parameters<typeof encodeUpdate>[0]) =>
  JSON.parse([...encodeUpdate(update)].join(""));

const process = (name: string, revision: number): Process =>
  ({
    id: `p-${name}`,
    storageServerId: "s-1",
    rNodeId: `r-${name}`,
    cNodeId: `c-${name}`,
    weightMilli: 1000,
    state: "active",
    revision,
  }) as Process;

const volume = (map: AddressMap, revision: number): Volume =>
  ({
    id: "v-1",
    blockCount: map.blockCount,
    extentBlocks: 1,
    createdRevision: revision,
    revision,
    map,
  }) as Volume;

const halves = AddressMap.of([
  { firstLba: 0, lastLba: 49, cNodeId: process("a", 0).cNodeId },
  { firstLba: 50, lastLba: 99, cNodeId: process("b", 0).cNodeId },
]);

/** Two processes, a link with a far end that the first one holds, and a volume. */
function worked(): DistributedHistory {
  const history = new DistributedHistory();
  history.commit((s) => cluster.putProcess(s, process("a", 1)));
  history.commit((s) => cluster.putProcess(s, process("b", 2)));
  const link = { id: "l-1", remoteAddress: "10.0.0.9", remotePort: 3260, state: "up", revision: 3 };
  history.commit((s) => cluster.putLink(s, link as Link));
  history.commit((s) => cluster.assignLink(s, (link as Link).id, process("a", 0).rNodeId));
  history.commit((s) => cluster.putVolume(s, volume(halves, 5)));
  return history;
}

describe("snapshot", () => {
  test("has the fields of the message format, in their order", () => {
    const state = worked().head;
    const message = written(snapshotMessage(state, 3));
    expect(Object.keys(message)).toEqual([
      "type",
      "clusterId",
      "generation",
      "kind",
      "revision",
      "settledRevision",
      "removed",
      "volumes",
      "nodes",
      "a2c",
      "linkAssignments",
      "digest",
    ]);
    expect(message).toEqual({
      type: "tables.update",
      clusterId: "test-cluster",
      generation: 1,
      kind: "snapshot",
      revision: 5,
      settledRevision: 3,
      removed: { volumeIds: [], processIds: [], linkIds: [] },
      volumes: [{ volumeId: "v-1", blockCount: 100 }],
      nodes: [
        { processId: "p-a", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-a" },
        { processId: "p-b", storageServerId: "s-1", rNodeId: "r-b", cNodeId: "c-b" },
      ],
      a2c: [
        { volumeId: "v-1", firstLba: 0, lastLba: 49, cNodeId: "c-a" },
        { volumeId: "v-1", firstLba: 50, lastLba: 99, cNodeId: "c-b" },
      ],
      linkAssignments: [
        { linkId: "l-1", rNodeId: "r-a", remoteAddress: "10.0.0.9", remotePort: 3260 },
      ],
      digest: formatDigest(state.digest),
    });
  });

  test("of an empty cluster says revision 0 and the digest of nothing", () => {
    const message = written(snapshotMessage(new DistributedHistory().head, 0));
    expect(message).toMatchObject({ revision: 0, digest: `xor-sha256:${"0".repeat(64)}`, a2c: [] });
  });

  test("is written in pieces that make one whole", () => {
    const ranges = Array.from({ length: 10_000 }, (_, i) => ({
      firstLba: i,
      lastLba: i,
      cNodeId: process(i % 2 ? "a" : "b", 0).cNodeId,
    }));
    const history = worked();
    history.commit((s) => cluster.putVolume(s, { ...volume(AddressMap.of(ranges), 6) }));
    const pieces = [...encodeUpdate(snapshotMessage(history.head, 0))];
    expect(pieces.length).toBe(5);
    expect(JSON.parse(pieces.join("")).a2c).toHaveLength(10_000);
  });
});

describe("delta", () => {
  const delta = (history: DistributedHistory, from: number) =>
    written(deltaMessage(history.head, history.between(from, history.head.revision), 0));

  test("holds what came, and fields that are not distributed do not count", () => {
    const history = worked();
    history.commit((s) => cluster.putProcess(s, { ...process("a", 6), weightMilli: 2000 }));
    const owner = process("b", 0).cNodeId;
    const painted = halves.paint([{ firstLba: 40, lastLba: 44, cNodeId: owner }]);
    history.commit((s) => cluster.putVolume(s, { ...volume(painted, 7), createdRevision: 5 }));
    expect(delta(history, 5)).toMatchObject({
      kind: "delta",
      fromRevision: 5,
      revision: 7,
      removed: { volumeIds: [], processIds: [], linkIds: [] },
      volumes: [],
      nodes: [],
      a2c: [
        { volumeId: "v-1", firstLba: 0, lastLba: 39, cNodeId: "c-a" },
        { volumeId: "v-1", firstLba: 40, lastLba: 44, cNodeId: "c-b" },
        { volumeId: "v-1", firstLba: 45, lastLba: 49, cNodeId: "c-a" },
      ],
      linkAssignments: [],
    });
  });

  test("names a volume that was deleted and made again in both lists", () => {
    const history = worked();
    history.commit((s) => cluster.removeVolume(s, volume(halves, 0).id));
    history.commit((s) => cluster.putVolume(s, volume(halves, 7)));
    expect(delta(history, 5)).toMatchObject({
      removed: { volumeIds: ["v-1"] },
      volumes: [{ volumeId: "v-1", blockCount: 100 }],
      a2c: [
        { firstLba: 0, lastLba: 49 },
        { firstLba: 50, lastLba: 99 },
      ],
    });
    expect(delta(history, 6)).toMatchObject({
      removed: { volumeIds: [] },
      volumes: [{ volumeId: "v-1" }],
    });
  });

  test("leaves out what came and went in between", () => {
    const history = worked();
    history.commit((s) => cluster.putProcess(s, process("c", 6)));
    history.commit((s) => cluster.removeProcess(s, process("c", 0).id));
    const message = delta(history, 5);
    expect(message).toMatchObject({ nodes: [], removed: { processIds: [] } });
    expect(message.digest).toBe(formatDigest(history.states[5]!.digest));
  });

  test("sends no rows of a volume that does not stand", () => {
    const history = worked();
    const changes = history.between(4, 5);
    history.commit((s) => cluster.removeVolume(s, volume(halves, 0).id));
    const later = { ...changes, toRevision: 6, volumes: history.between(4, 6).volumes };
    expect(written(deltaMessage(history.head, later, 0))).toMatchObject({ volumes: [], a2c: [] });
  });

  test("refuses changes that do not reach the head", () => {
    const history = worked();
    expect(() => deltaMessage(history.head, history.between(2, 4), 0)).toThrow("invariant");
  });
});
