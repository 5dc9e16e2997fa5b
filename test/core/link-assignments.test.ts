import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkState } from "../../src/core/check.ts";
import {
  type ClusterState,
  emptyState,
  processOfRNode,
  putLink,
  putProcess,
  putStorageServer,
} from "../../src/core/cluster-state.ts";
import { spreadFreeLinks } from "../../src/core/decisions/link-assignments.ts";
import type { CNodeId, LinkId, ProcessId, RNodeId, StorageServerId } from "../../src/core/model.ts";

interface Shape {
  /** Processes of each server; the first one is draining where `drained` says so. */
  readonly servers: readonly { processes: number; drained: boolean }[];
  /** Links, each perhaps bound to a server (by number, modulo the servers) and perhaps down. */
  readonly links: readonly { boundTo: number | undefined; down: boolean }[];
}

function build({ servers, links }: Shape): ClusterState {
  let state = emptyState({ clusterId: "test", generation: 1 });
  servers.forEach(({ processes, drained }, s) => {
    const id = `s-${s}` as StorageServerId;
    const registration = { registeredRevision: 1, revision: 1 };
    state = putStorageServer(state, { id, state: "active", ...registration });
    for (let p = 0; p < processes; p++) {
      state = putProcess(state, {
        id: `p-${s}-${p}` as ProcessId,
        storageServerId: id,
        rNodeId: `r-${s}-${p}` as RNodeId,
        cNodeId: `c-${s}-${p}` as CNodeId,
        weightMilli: 1000,
        state: drained && p === 0 ? "draining" : "active",
        revision: 1,
      });
    }
  });
  links.forEach(({ boundTo, down }, l) => {
    const bound = boundTo === undefined ? {} : { storageServerId: serverId(boundTo, servers) };
    const id = `l-${l}` as LinkId;
    state = putLink(state, { id, state: down ? "down" : "up", revision: 1, ...bound });
  });
  return state;
}

const serverId = (n: number, servers: Shape["servers"]) =>
  `s-${n % servers.length}` as StorageServerId;

const shapes: fc.Arbitrary<Shape> = fc.record({
  servers: fc.array(fc.record({ processes: fc.nat(4), drained: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  }),
  links: fc.array(
    fc.record({ boundTo: fc.option(fc.nat(4), { nil: undefined }), down: fc.boolean() }),
    { maxLength: 12 },
  ),
});

describe("spreading free links", () => {
  it("gives as many as can be, only where they may go", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const state = build(shape);
        const { state: after, given } = spreadFreeLinks(state);
        expect(checkState({ ...after, digest: state.digest }).join()).not.toMatch(/link|R-node/);
        expect(given.length).toBe(after.linkAssignments.size);
        expect(given.length).toBe(mostLinks(shape));
        for (const { rNodeId } of given) {
          expect(processOfRNode(state, rNodeId)!.state).toBe("active");
        }
        expect(spreadFreeLinks(after).given).toEqual([]);
      }),
    );
  });

  it("is as even as can be where no link is bound", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const links = shape.links.map(({ down }) => ({ boundTo: undefined, down }));
        const { state } = spreadFreeLinks(build({ ...shape, links }));
        const free = shape.servers.map(freeRNodes);
        const held = shape.servers.map((_, s) => heldBy(state, s));
        // No link could go to a server that holds two fewer and has room.
        held.forEach((many, from) => {
          held.forEach((few, to) => {
            if (few < free[to]! && from !== to) expect(many - few).toBeLessThanOrEqual(1);
          });
        });
      }),
    );
  });
});

const freeRNodes = ({ processes, drained }: Shape["servers"][number]) =>
  processes - (drained && processes > 0 ? 1 : 0);

function heldBy(state: ClusterState, server: number): number {
  return [...state.linkAssignments.values()].filter(
    ({ rNodeId }) => processOfRNode(state, rNodeId)!.storageServerId === `s-${server}`,
  ).length;
}

/** Bound links fill their servers; the others fill what is left. */
function mostLinks({ servers, links }: Shape): number {
  const up = links.filter(({ down }) => !down);
  const room = servers.map(freeRNodes);
  const bound = room.map((free, s) => {
    const own = up.filter(({ boundTo }) => boundTo !== undefined && boundTo % room.length === s);
    return Math.min(free, own.length);
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const unbound = up.filter(({ boundTo }) => boundTo === undefined).length;
  return sum(bound) + Math.min(unbound, sum(room) - sum(bound));
}
