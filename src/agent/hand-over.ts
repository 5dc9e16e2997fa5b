/**
 * Never two owners (distribution, hand-over): addresses that came to a server in revision g are
 * not served before it knows that everything up to g is settled. What counts is the server, not
 * the C-node: its C-nodes all go from one revision to the next at once.
 */
import type { AddressMap } from "../core/address-map.ts";
import type { CNodeId, OwnedRange, StorageServerId, VolumeId } from "../core/model.ts";
import { rangesOf } from "../core/ranges.ts";
import type { AddressRun, Admission } from "./interface.ts";
import type { PendingByVolume, PendingRun, ReceiverState, Tables } from "./receiver-state.ts";
import { type Run, subtract } from "./runs.ts";

export interface Passage {
  readonly before: ReceiverState;
  readonly after: Tables;
  readonly generation: number;
  /** Of the message that leads from one to the other. */
  readonly revision: number;
  /** Volumes that are other ones than before, though of the same id. */
  readonly removedVolumeIds: readonly VolumeId[];
  /** Where the message says who owns what: the rows of a delta; absent: everywhere. */
  readonly painted?: ReadonlyMap<VolumeId, readonly Run[]> | undefined;
  readonly self: StorageServerId;
}

/** What is pending after a message: what was and is still owned, and what came with it. */
export function pendingAfter(passage: Passage): PendingByVolume {
  const { before, after, revision, removedVolumeIds, self } = passage;
  const removed = new Set(removedVolumeIds);
  const own = { before: ownCNodes(before, self), after: ownCNodes(after, self) };
  const sameOwn =
    own.before.size === own.after.size && [...own.before].every((id) => own.after.has(id));
  const pending = new Map<VolumeId, readonly PendingRun[]>();
  for (const [volumeId, map] of after.volumes.entries()) {
    const old = removed.has(volumeId) ? undefined : before.volumes.get(volumeId);
    const held = old ? stillPending(passage, volumeId) : [];
    const { left, came } =
      old === map && sameOwn ? NOTHING : ownershipChange({ old, map, own, sameOwn });
    const runs = [
      ...subtract(held, left),
      ...came.map(({ firstLba, lastLba }) => ({ firstLba, lastLba, cameIn: revision })),
    ].sort(byAddress);
    if (runs.length > 0) pending.set(volumeId, runs);
  }
  return pending;
}

const NOTHING = { left: [], came: [] };

function ownCNodes({ nodes }: Tables, self: StorageServerId): ReadonlySet<CNodeId> {
  const own = [...nodes.values()].filter(({ storageServerId }) => storageServerId === self);
  return new Set(own.map(({ cNodeId }) => cNodeId));
}

/**
 * What was pending, as it is now. Where the message says anew who the owner is, there may have
 * been others in between: one that took the addresses over and lost them again, and that has not
 * heard of the second yet. So these came with this message, though they were here before; and so
 * did all of them in another generation, whose revisions cannot be compared.
 */
function stillPending(
  { before, generation, revision, painted }: Passage,
  volumeId: VolumeId,
): readonly PendingRun[] {
  const runs = before.pending.get(volumeId) ?? [];
  const again = (run: PendingRun) => ({ ...run, cameIn: revision });
  if (!painted || generation !== before.generation) return runs.map(again);
  const untouched = subtract(runs, painted.get(volumeId) ?? []);
  return [...untouched, ...subtract(runs, untouched).map(again)].sort(byAddress);
}

const byAddress = (a: Run, b: Run) => a.firstLba - b.firstLba;

interface MapChange {
  readonly old: AddressMap | undefined;
  readonly map: AddressMap;
  readonly own: { readonly before: ReadonlySet<CNodeId>; readonly after: ReadonlySet<CNodeId> };
  /** The server hosts the same C-nodes as before. */
  readonly sameOwn: boolean;
}

/** The addresses that left the server and that came to it. */
function ownershipChange({ old, map, own, sameOwn }: MapChange): { left: Run[]; came: Run[] } {
  if (!old) return { left: [], came: ownRuns(map.ranges(), own.after) };
  const { removed, added } = old.difference(map);
  const before = ownRuns(sameOwn ? rangesOf(removed) : old.ranges(), own.before);
  const after = ownRuns(sameOwn ? rangesOf(added) : map.ranges(), own.after);
  return { left: subtract(before, after), came: subtract(after, before) };
}

function ownRuns(ranges: Iterable<OwnedRange>, own: ReadonlySet<CNodeId>): Run[] {
  const runs: Run[] = [];
  for (const range of ranges) if (own.has(range.cNodeId)) runs.push(range);
  return runs;
}

/** What the service says to be settled, while `generation` and `revision` are its head. */
export interface SettledNews {
  readonly generation: number;
  readonly revision: number;
  readonly settledRevision: number;
}

/**
 * Takes the news in, if the receiver is at exactly that revision: from behind it, what is settled
 * may rest on an acknowledgement that has jumped over what the receiver still sees.
 */
export function settle(state: ReceiverState, news: SettledNews): ReceiverState {
  const { generation, revision, settledRevision } = news;
  const isThere = generation === state.generation && revision === state.revision;
  if (!isThere || settledRevision <= state.settledRevision) return state;
  const pending = new Map<VolumeId, readonly PendingRun[]>();
  for (const [volumeId, runs] of state.pending) {
    const left = runs.filter(({ cameIn }) => cameIn > settledRevision);
    if (left.length > 0) pending.set(volumeId, left);
  }
  return { ...state, settledRevision, pending };
}

/** Whether a C-node of the server may execute a command on all of `run`. */
export function admit(
  state: ReceiverState,
  self: StorageServerId,
  cNodeId: CNodeId,
  { volumeId, firstLba, lastLba }: AddressRun,
): Admission {
  const map = state.volumes.get(volumeId);
  const isHere = state.cNodes.get(cNodeId)?.storageServerId === self;
  if (!map || !isHere || firstLba >= map.blockCount) return { kind: "not-owner", lba: firstLba };
  for (const range of map.ranges(firstLba, lastLba)) {
    if (range.cNodeId !== cNodeId) return { kind: "not-owner", lba: range.firstLba };
  }
  if (lastLba >= map.blockCount) return { kind: "not-owner", lba: map.blockCount };
  const waiting = firstOverlap(state.pending.get(volumeId) ?? [], { firstLba, lastLba });
  if (!waiting) return { kind: "serve" };
  const lba = Math.max(firstLba, waiting.firstLba);
  return { kind: "not-settled", lba, revision: waiting.cameIn };
}

function firstOverlap(runs: readonly PendingRun[], wanted: Run): PendingRun | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.lastLba < wanted.firstLba) low = middle + 1;
    else high = middle;
  }
  const run = runs[low];
  return run && run.firstLba <= wanted.lastLba ? run : undefined;
}
