import { describe, expect, it } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import { changesBetween, sealRevision } from "../../src/core/changes.ts";
import { checkChanges, checkState } from "../../src/core/check.ts";
import {
  assignLink,
  type ClusterState,
  emptyState,
  putLink,
  putProcess,
  putVolume,
  removeProcess,
} from "../../src/core/cluster-state.ts";
import type { CNodeId, LinkId, ProcessId, RNodeId, VolumeId } from "../../src/core/model.ts";
import { figureCluster, rangesEndingAt } from "../support/cluster.ts";

/** The figure's cluster with the digest that its rows have. */
function sound(): ClusterState {
  const nothing = emptyState({ clusterId: "test", generation: 1 });
  const state = figureCluster();
  return sealRevision(nothing, state, changesBetween(nothing, state));
}

const volumeOf = (state: ClusterState) => [...state.volumes.values()][0]!;
const processOf = (state: ClusterState, id: string) => state.processes.get(id as ProcessId)!;

function withMap(state: ClusterState, ends: [string, number][]): ClusterState {
  const volume = volumeOf(state);
  return putVolume(state, { ...volume, map: AddressMap.of(rangesEndingAt(ends)) });
}

/** A mistake that a decision could make, and what the checker says to it. */
const mistakes: [string, (state: ClusterState) => ClusterState, RegExp][] = [
  [
    "an address without owner",
    (s) => withMap(s, [["c-1", 50]]),
    /has 101 blocks but owners for 50/,
  ],
  [
    "an owner that is not registered",
    (s) =>
      withMap(s, [
        ["c-1", 50],
        ["c-9", 101],
      ]),
    /unknown C-node c-9/,
  ],
  [
    "a C-node that goes while it owns addresses",
    (s) => removeProcess(s, "B" as ProcessId),
    /unknown C-node c-2/,
  ],
  [
    "an R-node hosted twice",
    (s) => putProcess(s, { ...processOf(s, "B"), rNodeId: processOf(s, "A").rNodeId }),
    /hosted twice/,
  ],
  [
    "an R-node with two links",
    (s) => {
      const link = { id: "spare" as LinkId, state: "up" as const, revision: 1 };
      return assignLink(putLink(s, link), link.id, processOf(s, "A").rNodeId);
    },
    /holds two links/,
  ],
  [
    "a link held by nobody known",
    (s) => {
      const link = { id: "spare" as LinkId, state: "up" as const, revision: 1 };
      return assignLink(putLink(s, link), link.id, "r-9" as RNodeId);
    },
    /unknown R-node r-9/,
  ],
  [
    "an assigned link that is down",
    (s) => {
      const [linkId] = s.linkAssignments.keys();
      return putLink(s, { ...s.links.get(linkId!)!, state: "down" });
    },
    /assigned but not up/,
  ],
  [
    "a boundary inside an extent",
    (s) => putVolume(s, { ...volumeOf(s), extentBlocks: 101 }),
    /not on an extent/,
  ],
];

describe("the checker", () => {
  it("finds nothing wrong with the figure", () => {
    expect(checkState(sound())).toEqual([]);
  });

  it.each(mistakes)("finds %s", (_name, mistake, message) => {
    expect(checkState(mistake(sound())).join("\n")).toMatch(message);
  });

  it("finds a digest that is not that of the rows", () => {
    const state = { ...sound(), digest: new Uint8Array(32) };
    expect(checkState(state).join("\n")).toMatch(/the rows give xor-sha256:/);
  });

  it.each(mistakes.filter(([name]) => !/extent/.test(name)))(
    "stops a change that makes %s",
    (_name, mistake) => {
      const before = sound();
      const decided = mistake(before);
      const changes = changesBetween(before, decided);
      const after = sealRevision(before, decided, changes);
      expect(checkChanges(before, after, changes)).not.toEqual([]);
    },
  );

  it("stops a change that takes more addresses away than it gives", () => {
    const before = sound();
    const after = { ...before, revision: before.revision + 1 };
    const [removed, added] = [
      AddressMap.of(rangesEndingAt([["c-1", 33]])).columns(),
      AddressMap.of(rangesEndingAt([["c-2", 32]])).columns(),
    ];
    const none = changesBetween(before, before);
    const volumeId = volumeOf(before).id as VolumeId;
    const changes = { ...none, maps: [{ volumeId, removed, added }] };
    expect(checkChanges(before, after, changes).join()).toMatch(/does not cover/);
  });

  it("stops a revision that does not rise by one", () => {
    const before = sound();
    expect(checkChanges(before, before, changesBetween(before, before))).toEqual([
      "the revision must rise by one",
    ]);
  });

  it("accepts what the owner table still names but nobody owns", () => {
    const state = sound();
    const map = volumeOf(state).map.paint([
      { firstLba: 0, lastLba: 100, cNodeId: "c-2" as CNodeId },
    ]);
    const decided = putVolume(state, { ...volumeOf(state), map });
    const changes = changesBetween(state, decided);
    const after = sealRevision(state, decided, changes);
    expect([...checkChanges(state, after, changes), ...checkState(after)]).toEqual([]);
  });
});
