import { distributedRevisions } from "../core/decisions/precondition.ts";
import {
  registerTopology,
  type Topology,
  type TopologyOutcome,
} from "../core/decisions/topology.ts";
import { Refusal } from "../core/errors.ts";
import type { StorageServerId } from "../core/model.ts";
import { withPauses } from "../threads/pauses.ts";
import { commitTable } from "./commit.ts";
import type { Committed } from "./commit-queue.ts";
import { type FreshCredentials, makeCredentials, type ShownCredentials } from "./credentials.ts";
import type { Caller, OperationParts } from "./parts.ts";
import { admitCallback } from "./storage-servers.ts";

export interface TopologyRegistered extends TopologyOutcome {
  /** Of the servers that are new, in the order of the request. */
  readonly credentials: readonly (ShownCredentials & { readonly id: StorageServerId })[];
}

/** Registers a whole cluster as one revision or not at all. */
export async function postTopology(
  parts: OperationParts,
  caller: Caller,
  topology: Topology,
): Promise<Committed<TopologyRegistered>> {
  const fresh = new Map<StorageServerId, FreshCredentials>();
  for (const [i, server] of (topology.storageServers ?? []).entries()) {
    await underPath(`storageServers[${i}]`, () => admitCallback(parts, server));
    fresh.set(server.id, makeCredentials(parts.randomBytes));
  }
  const committed = await commitTable(parts, caller, {
    kind: "register-topology",
    valid: distributedRevisions,
    decide: async (state) => {
      const { state: next, outcome } = await withPauses(
        registerTopology(state, topology, (id) => fresh.get(id)!.stored),
      );
      const credentials = outcome.createdStorageServerIds.map((id) => ({
        id,
        ...fresh.get(id)!.shown,
      }));
      return { state: next, answer: { ...outcome, credentials } };
    },
  });
  for (const id of fresh.keys()) parts.delivery.registeredAgain(id);
  return committed;
}

async function underPath(path: string, admit: () => Promise<void>): Promise<void> {
  try {
    await admit();
  } catch (error) {
    throw error instanceof Refusal ? error.under(path) : error;
  }
}
