/** What a request names, looked up and checked: volumes, pairs and receivers. */
import type { ClusterState } from "../cluster-state.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import type { LoadModel } from "../load-model.ts";
import type { ProcessId, Volume } from "../model.ts";
import type { RebalanceRequest } from "./types.ts";

/** Processes are named by their index in process id order. */
export interface Scope {
  /** In volume id order, each once. */
  readonly volumes: readonly Volume[];
  /** pairwise: for each linked process the unlinked ones it is paired with, in process id order. */
  readonly pairs: readonly (readonly [donor: number, receivers: readonly number[]])[];
  /** proportional: who receives, in C-node id order. */
  readonly receivers: readonly number[];
}

interface Named {
  readonly path: string;
  readonly id: string;
}

export function scopeOf(state: ClusterState, model: LoadModel, request: RebalanceRequest): Scope {
  const { strategy, volumeIds } = request;
  const named = volumeIds?.map((id, i) => ({ path: `volumeIds[${i}]`, id }));
  refuseUnless(named ?? [], ({ id }) => state.volumes.has(id as Volume["id"]), {
    code: "unknown-volume",
    problem: "is not a volume",
    correction: "name volumes that exist, or leave volumeIds out to plan all of them",
  });
  const wanted = volumeIds && new Set(volumeIds);
  const volumes = [...state.volumes.values()].filter((volume) => wanted?.has(volume.id) ?? true);
  return {
    volumes,
    pairs: strategy === "pairwise" ? pairsOf(model, request) : [],
    receivers: strategy === "proportional" ? receiversOf(model, request) : [],
  };
}

function pairsOf(model: LoadModel, { pairs }: RebalanceRequest): Scope["pairs"] {
  if (!pairs) return model.linked.map((donor) => [donor, model.unlinked]);
  const indexOf = indexByProcessId(model);
  const linked = pairs.map(({ linkedProcessId: id }, i) => ({
    path: `pairs[${i}].linkedProcessId`,
    id,
  }));
  const unlinked = pairs.map(({ unlinkedProcessId: id }, i) => ({
    path: `pairs[${i}].unlinkedProcessId`,
    id,
  }));
  refuseUnknownProcesses(indexOf, [...linked, ...unlinked]);
  // Then nothing is planned, whoever is named.
  if (model.processCount === 0) return [];
  const isLinked = among(indexOf, model.linked);
  const isUnlinked = among(indexOf, model.unlinked);
  refuseUnless(linked, isLinked, {
    code: "not-linked",
    problem: "is not an active process whose R-node holds a link",
    correction: "name an active process that holds a link as the first of a pair",
  });
  refuseUnless(unlinked, isUnlinked, {
    code: "not-unlinked",
    problem: "is not an active process without a link",
    correction: "name an active process that holds no link as the second of a pair",
  });
  const partners = new Map<number, Set<number>>();
  for (const { linkedProcessId, unlinkedProcessId } of pairs) {
    const donor = indexOf.get(linkedProcessId)!;
    const receivers = partners.get(donor) ?? new Set();
    partners.set(donor, receivers.add(indexOf.get(unlinkedProcessId)!));
  }
  return [...partners]
    .sort(([a], [b]) => a - b)
    .map(([donor, receivers]) => [donor, [...receivers].sort((a, b) => a - b)]);
}

function receiversOf(model: LoadModel, { receiverProcessIds }: RebalanceRequest): number[] {
  let receivers: Iterable<number> = model.unlinked;
  if (receiverProcessIds) {
    const indexOf = indexByProcessId(model);
    const named = receiverProcessIds.map((id, i) => ({ path: `receiverProcessIds[${i}]`, id }));
    refuseUnknownProcesses(indexOf, named);
    if (model.processCount === 0) return [];
    refuseUnless(named, among(indexOf, model.unlinked), {
      code: "not-a-receiver",
      problem: "holds a link or is draining, so it cannot receive addresses",
      correction: "name active processes that hold no link",
    });
    receivers = new Set(receiverProcessIds.map((id) => indexOf.get(id)!));
  }
  const cNodeOf = (index: number) => model.processes[index]!.cNodeId;
  return [...receivers].sort((a, b) => (cNodeOf(a) < cNodeOf(b) ? -1 : 1));
}

function indexByProcessId(model: LoadModel): Map<string, number> {
  return new Map(model.processes.map(({ id }, index) => [id as ProcessId, index]));
}

function among(indexOf: ReadonlyMap<string, number>, indexes: readonly number[]) {
  const members = new Set(indexes);
  return ({ id }: Named) => members.has(indexOf.get(id)!);
}

function refuseUnknownProcesses(indexOf: ReadonlyMap<string, number>, named: readonly Named[]) {
  refuseUnless(named, ({ id }) => indexOf.has(id), {
    code: "unknown-process",
    problem: "is not a registered process",
    correction: "name processes that are registered",
  });
}

interface Complaint {
  readonly code: RefusalCode;
  readonly problem: string;
  readonly correction: string;
}

/** Names every offending place of one kind at once. */
function refuseUnless(
  named: readonly Named[],
  accept: (named: Named) => boolean,
  { code, problem, correction }: Complaint,
): void {
  const bad = named.filter((place) => !accept(place));
  if (bad.length === 0) return;
  const errors = bad.map(({ path, id }) => ({ path, message: `${id} ${problem}` }));
  throw new Refusal(code, { detail: errors[0]!.message, correction, errors });
}
