import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import { changesBetween, countChanges, isEmpty, sealRevision } from "../../src/core/changes.ts";
import { checkChanges } from "../../src/core/check.ts";
import {
  assignLink,
  type ClusterState,
  nextRevision,
  putLink,
  putProcess,
  putVolume,
  releaseLink,
  removeLink,
  removeVolume,
} from "../../src/core/cluster-state.ts";
import {
  isUnchanged,
  type PastDistribution,
  restoreTables,
} from "../../src/core/decisions/restore.ts";
import { formatDigest } from "../../src/core/digest.ts";
import { Refusal } from "../../src/core/errors.ts";
import type { CNodeId, LinkId, ProcessId, RNodeId, VolumeId } from "../../src/core/model.ts";
import { finish } from "../../src/core/steps.ts";
import { addVolume, clusterOf } from "../support/cluster.ts";

const VOLUME = "v0" as VolumeId;
const LINK = "link-p0" as LinkId;

/** Four processes, two with links, two volumes. */
function cluster(): ClusterState {
  return clusterOf({
    processes: ["p0", "p1", "p2", "p3"].map((id, i) => ({ id, linked: i < 2 })),
    volumes: [
      { id: "v0", blockCount: 40 },
      { id: "v1", blockCount: 25 },
    ],
  });
}

function seal(before: ClusterState, draft: ClusterState): ClusterState {
  const changes = changesBetween(before, draft);
  if (isEmpty(changes)) return before;
  const sealed = sealRevision(before, draft, changes);
  expect(checkChanges(before, sealed, changes)).toEqual([]);
  return sealed;
}

/** What a store would tell of a state, seen from another one. */
function pastOf(then: ClusterState, now: ClusterState): PastDistribution {
  return {
    revision: then.revision,
    volumes: [...then.volumes.values()].map(({ map, ...record }) => {
      const present = now.volumes.get(record.id);
      if (!present || isUnchanged(present, record)) return { record };
      return { record, map: AddressMap.of(map.ranges(), present.map) };
    }),
    linkAssignments: [...then.linkAssignments.values()],
  };
}

function paint(state: ClusterState, seed: number): ClusterState {
  const volume = state.volumes.get(`v${seed % 2}` as VolumeId)!;
  const firstLba = seed % volume.blockCount;
  const lastLba = Math.min(volume.blockCount - 1, firstLba + (seed % 11));
  const map = volume.map.paint([{ firstLba, lastLba, cNodeId: `c-p${seed % 4}` as CNodeId }]);
  return putVolume(state, { ...volume, map, revision: nextRevision(state) });
}

function moveLink(state: ClusterState, seed: number): ClusterState {
  const linkId = `link-p${seed % 2}` as LinkId;
  const rNodeId = `r-p${seed % 4}` as RNodeId;
  if (state.index.linkByRNode.has(rNodeId)) return releaseLink(state, linkId);
  return assignLink(state, linkId, rNodeId);
}

const tables = (state: ClusterState) => ({
  maps: [...state.volumes.values()].map(({ map }) => [...map.ranges()]),
  links: [...state.linkAssignments.values()].map(({ linkId, rNodeId }) => [linkId, rNodeId]),
});

describe("restoring tables", () => {
  it("makes them what they were, counts what moves, and takes nothing the second time", () => {
    const anyChanges = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyChanges, fc.nat(11), (seeds, pick) => {
        const start = cluster();
        // The digest of a state that a test has built is not kept along: only changes count.
        const states = [start];
        for (const seed of seeds) {
          const change = seed % 3 === 0 ? moveLink : paint;
          states.push(seal(states.at(-1)!, change(states.at(-1)!, seed)));
        }
        const [then, now] = [states[pick % states.length]!, states.at(-1)!];
        const restoration = finish(restoreTables(now, pastOf(then, now), 3))!;
        const restored = seal(now, restoration.state);
        expect(tables(restored)).toEqual(tables(then));
        expect(formatDigest(restored.digest)).toBe(formatDigest(then.digest));
        const counts = countChanges(changesBetween(now, restoration.state));
        expect(restoration.movedAddresses).toBe(counts.movedAddresses);
        expect(restoration.links).toHaveLength(counts.linkAssignments);
        expect(restoration.moves).toHaveLength(Math.min(3, restoration.moveCount));
        const again = finish(restoreTables(restored, pastOf(then, restored), 3))!;
        expect(again.state).toBe(restored);
      }),
    );
  });

  it("asks for the map of a volume that has changed meanwhile", () => {
    const then = cluster();
    const now = seal(then, paint(then, 3));
    expect(finish(restoreTables(now, pastOf(then, then), 3))).toBeUndefined();
  });

  it("leaves a volume that came since as it is, and names it", () => {
    const then = cluster();
    const now = seal(then, addVolume(then, { id: "v9", blockCount: 8 }));
    const restoration = finish(restoreTables(now, pastOf(then, now), 3))!;
    expect([restoration.state, restoration.keptVolumeIds]).toEqual([now, ["v9"]]);
  });

  it("restores a volume that was made again with the same size", () => {
    const then = cluster();
    const gone = seal(then, removeVolume(then, VOLUME));
    const revisions = { createdRevision: nextRevision(gone), revision: nextRevision(gone) };
    const map = AddressMap.of([{ firstLba: 0, lastLba: 39, cNodeId: "c-p0" as CNodeId }]);
    const again = putVolume(gone, {
      id: VOLUME,
      blockCount: 40,
      extentBlocks: 1,
      map,
      ...revisions,
    });
    const now = seal(gone, again);
    const restored = seal(now, finish(restoreTables(now, pastOf(then, now), 3))!.state);
    expect(tables(restored)).toEqual(tables(then));
    expect(restored.volumes.get(VOLUME)!.createdRevision).toBe(revisions.createdRevision);
  });
});

describe("a restore that cannot be", () => {
  const conflictsOf = (change: (state: ClusterState) => ClusterState): string[] => {
    const then = cluster();
    const now = change(then);
    try {
      finish(restoreTables(now, pastOf(then, now), 3));
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
      const { code, errors } = error as Refusal;
      expect(code).toBe("restore-conflict");
      return errors!.map(({ path, message }) => `${path}: ${message}`);
    }
    throw new Error("it was restored");
  };
  /** Everything of p3 goes to p2, and then something happens to p3. */
  const withoutP3 = (state: ClusterState) => {
    const volume = state.volumes.get(VOLUME)!;
    const map = volume.map.paint([{ firstLba: 30, lastLba: 39, cNodeId: "c-p2" as CNodeId }]);
    return putVolume(state, { ...volume, map, revision: nextRevision(state) });
  };
  const process = (state: ClusterState, id: string) => state.processes.get(id as ProcessId)!;

  it.each<[string, (state: ClusterState) => ClusterState, string]>([
    [
      "a volume is gone",
      (state) => removeVolume(state, VOLUME),
      "volumes.v0: volume v0 is not registered any more",
    ],
    [
      "a volume has grown",
      (state) => putVolume(state, { ...state.volumes.get(VOLUME)!, blockCount: 50, revision: 9 }),
      "volumes.v0: volume v0 has 50 blocks, it had 40",
    ],
    [
      "a volume has other extents",
      (state) => putVolume(state, { ...state.volumes.get(VOLUME)!, extentBlocks: 4, revision: 9 }),
      "volumes.v0: volume v0 has extents of 4 blocks, it had 1",
    ],
    [
      "a C-node is gone",
      (state) => {
        const moved = withoutP3(state);
        return putProcess(moved, { ...process(moved, "p3"), cNodeId: "c-new" as CNodeId });
      },
      "cNodes.c-p3: C-node c-p3 is not registered any more",
    ],
    [
      "a C-node's process is draining",
      (state) => {
        const moved = withoutP3(state);
        return putProcess(moved, { ...process(moved, "p3"), state: "draining" });
      },
      "cNodes.c-p3: process p3 of C-node c-p3 is draining",
    ],
    [
      "a link is gone",
      (state) => removeLink(releaseLink(state, LINK), LINK),
      "linkAssignments.link-p0: link link-p0 is not registered any more",
    ],
    [
      "a link is down",
      (state) => putLink(releaseLink(state, LINK), { id: LINK, state: "down", revision: 8 }),
      "linkAssignments.link-p0: link link-p0 is down",
    ],
    [
      "an R-node is gone",
      (state) => {
        const released = releaseLink(state, LINK);
        return putProcess(released, { ...process(released, "p0"), rNodeId: "r-new" as RNodeId });
      },
      "linkAssignments.link-p0: R-node r-p0 of link link-p0 is not registered any more",
    ],
    [
      "a link is bound elsewhere",
      (state) => {
        const storageServerId = "other" as never;
        const link = { id: LINK, state: "up", storageServerId, revision: 8 } as const;
        return putLink(releaseLink(state, LINK), link);
      },
      "linkAssignments.link-p0: link link-p0 is bound to storage server other, R-node r-p0 runs on server",
    ],
    [
      "an R-node's process is draining",
      (state) => {
        const released = releaseLink(state, LINK);
        return putProcess(released, { ...process(released, "p0"), state: "draining" });
      },
      "linkAssignments.link-p0: process p0 of R-node r-p0 is draining",
    ],
  ])("is refused where %s", (_, change, conflict) => {
    expect(conflictsOf(change)).toEqual([conflict]);
  });

  it("names everything that is in the way", () => {
    const told = conflictsOf((state) =>
      removeLink(releaseLink(removeVolume(state, VOLUME), LINK), LINK),
    );
    expect(told).toHaveLength(2);
  });
});
