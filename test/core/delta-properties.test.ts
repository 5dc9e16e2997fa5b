import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressMap } from "../../src/core/address-map.ts";
import * as cluster from "../../src/core/cluster-state.ts";
import { deltaMessage, encodeUpdate, snapshotMessage } from "../../src/core/delta.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type {
  CNodeId,
  Link,
  LinkId,
  Process,
  ProcessId,
  Volume,
  VolumeId,
} from "../../src/core/model.ts";
import { DistributedHistory } from "../support/distributed-history.ts";
import { ReferenceReceiver } from "../support/receiver.ts";

const small = fc.nat({ max: 3 });
const lba = fc.nat({ max: 30 });
const owners = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), small), {
  minLength: 1,
  maxLength: 6,
});

/** One revision's worth of change; what does not apply to the state changes nothing. */
const step = fc.oneof(
  fc.record({ do: fc.constant("process" as const), id: small, server: small, nodes: small }),
  fc.record({ do: fc.constant("remove-process" as const), id: small }),
  fc.record({ do: fc.constant("link" as const), id: small, address: fc.option(small) }),
  fc.record({ do: fc.constant("assign" as const), id: small, rNode: small }),
  fc.record({ do: fc.constant("release" as const), id: small }),
  fc.record({ do: fc.constant("volume" as const), id: small, owners }),
  fc.record({ do: fc.constant("grow" as const), id: small, owners }),
  fc.record({ do: fc.constant("remove-volume" as const), id: small }),
  fc.record({
    do: fc.constant("paint" as const),
    id: small,
    first: lba,
    length: lba,
    owner: small,
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const cNode = (n: number) => `c-${n}` as CNodeId;

function ranges(from: number, parts: readonly (readonly [number, number])[]) {
  let next = from;
  return parts.map(([length, owner]) => {
    const range = { firstLba: next, lastLba: next + length - 1, cNodeId: cNode(owner) };
    next += length;
    return range;
  });
}

function carriedOut(state: cluster.ClusterState, step: Step): cluster.ClusterState {
  const revision = cluster.nextRevision(state);
  switch (step.do) {
    case "process": {
      const nodes = { rNodeId: `r-${step.id}-${step.nodes}`, cNodeId: cNode(step.nodes) };
      const fields = { id: `p-${step.id}`, storageServerId: `s-${step.server}`, ...nodes };
      return cluster.putProcess(state, {
        ...fields,
        weightMilli: 1000,
        state: "active",
        revision,
      } as Process);
    }
    case "remove-process":
      return cluster.removeProcess(state, `p-${step.id}` as ProcessId);
    case "link": {
      const remoteAddress = step.address === null ? undefined : `10.0.0.${step.address}`;
      return cluster.putLink(state, {
        id: `l-${step.id}`,
        remoteAddress,
        state: "up",
        revision,
      } as Link);
    }
    case "assign": {
      const rNodeId = `r-${step.rNode}` as Process["rNodeId"];
      return cluster.assignLink(state, `l-${step.id}` as LinkId, rNodeId);
    }
    case "release":
      return cluster.releaseLink(state, `l-${step.id}` as LinkId);
    case "remove-volume":
      return cluster.removeVolume(state, `v-${step.id}` as VolumeId);
    default:
      return withVolume(state, step, revision);
  }
}

type VolumeStep = Extract<Step, { do: "volume" | "grow" | "paint" }>;

function withVolume(state: cluster.ClusterState, step: VolumeStep, revision: number) {
  const id = `v-${step.id}` as VolumeId;
  const present = state.volumes.get(id);
  if (step.do === "volume") {
    if (present) return state;
    const map = AddressMap.of(ranges(0, step.owners));
    const made = { id, blockCount: map.blockCount, extentBlocks: 1, createdRevision: revision };
    return cluster.putVolume(state, { ...made, revision, map } as Volume);
  }
  if (!present) return state;
  const { blockCount } = present;
  if (step.do === "grow") {
    const map = present.map.extend(ranges(blockCount, step.owners));
    return cluster.putVolume(state, { ...present, blockCount: map.blockCount, revision, map });
  }
  const firstLba = step.first % blockCount;
  const lastLba = Math.min(blockCount - 1, firstLba + step.length);
  const map = present.map.paint([{ firstLba, lastLba, cNodeId: cNode(step.owner) }]);
  return cluster.putVolume(state, { ...present, revision, map });
}

const written = (update: Parameters<typeof encodeUpdate>[0]) =>
  JSON.parse([...encodeUpdate(update)].join(""));

test("any mix of snapshots and deltas ends with the digest of the service", () => {
  const visits = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 4 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 12, maxLength: 60 }), visits, (steps, visits) => {
      const history = new DistributedHistory();
      const receiver = new ReferenceReceiver();
      let at: number | undefined;
      const catchUp = (asSnapshot: boolean) => {
        const { head } = history;
        const to = head.distributedRevision;
        const update =
          asSnapshot || at === undefined
            ? snapshotMessage(head, 0)
            : deltaMessage(head, history.between(at, to), 0);
        const answer = receiver.apply(written(update));
        expect(answer.status).toBe(200);
        expect(receiver.digest).toBe(formatDigest(head.digest));
        expect(receiver.revision).toBe(to);
        at = to;
      };
      const remaining = [...steps];
      for (const [stepsUntil, kind] of visits) {
        for (const s of remaining.splice(0, stepsUntil))
          history.commit((state) => carriedOut(state, s));
        catchUp(kind === 0);
      }
      for (const s of remaining) history.commit((state) => carriedOut(state, s));
      catchUp(false);
    }),
  );
});
