import { expect, it } from "vitest";
import {
  type ClusterState,
  putCredentials,
  putStorageServer,
  removeStorageServer,
} from "../../src/core/cluster-state.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bench } from "./bench.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

const SERVER = "s-1" as StorageServerId;

const FULL_RECORD: DeliveryRecord = {
  storageServerId: SERVER,
  registeredRevision: 1,
  mode: "parked",
  acked: { generation: 1_800_000_000, revision: Number.MAX_SAFE_INTEGER },
  since: 10,
  lastAttemptAt: 11,
  lastError: 'rejected: \'tis "bad"',
  consecutiveFailures: 3,
  failingSince: 12,
  nextAttemptAt: 13,
  lastSeenAt: 14,
  parkedAt: { generation: 4, revision: 1 },
  toldSettled: { generation: 5, revision: 2 },
  snapshotNeeded: true,
};

const SPARE_RECORD: DeliveryRecord = {
  storageServerId: SERVER,
  registeredRevision: 1,
  mode: "active",
  since: 0,
  consecutiveFailures: 0,
  snapshotNeeded: false,
};

function withServer(state: ClusterState, registeredRevision: number): ClusterState {
  const revision = state.revision + 1;
  return putStorageServer(state, { id: SERVER, state: "active", registeredRevision, revision });
}

/** A store with the server registered in revision 1. */
async function registered(newStore: Bench["newStore"]) {
  const store = await newStore();
  const { entry, after } = decisionOf(EMPTY_STATE, withServer(EMPTY_STATE, 1));
  await store.append(0, [entry]);
  return { store, state: after };
}

async function appendDraft(store: Store, before: ClusterState, draft: ClusterState) {
  const { entry, after } = decisionOf(before, draft);
  await store.append(before.revision, [entry]);
  return after;
}

export function deliveriesContract({ newStore, reopen }: Bench): void {
  it("keeps the last delivery record of a server, over a restart", async () => {
    const { store } = await registered(newStore);
    await store.recordDeliveries([SPARE_RECORD]);
    expect(await store.deliveries()).toEqual([SPARE_RECORD]);
    await store.recordDeliveries([FULL_RECORD]);
    const again = await reopen(store);
    expect(await again.deliveries()).toEqual([FULL_RECORD]);
    await again.recordDeliveries([FULL_RECORD, SPARE_RECORD]);
    expect(await again.deliveries()).toEqual([SPARE_RECORD]);
  });

  it("drops records of servers that it doesn't know and of earlier registrations", async () => {
    const { store } = await registered(newStore);
    await store.recordDeliveries([
      { ...SPARE_RECORD, storageServerId: "unknown" as StorageServerId },
      { ...SPARE_RECORD, registeredRevision: 2 },
    ]);
    expect(await store.deliveries()).toEqual([]);
  });

  it("keeps a record through a change that isn't a new registration", async () => {
    const { store, state } = await registered(newStore);
    await store.recordDeliveries([FULL_RECORD]);
    const secret = { signingSecret: "whsec_a", tokenSha256: "00" };
    await appendDraft(store, state, putCredentials(withServer(state, 1), SERVER, secret));
    expect(await store.deliveries()).toEqual([FULL_RECORD]);
  });

  it("forgets the record with a new registration, and takes no late one", async () => {
    const { store, state } = await registered(newStore);
    await store.recordDeliveries([FULL_RECORD]);
    await appendDraft(store, state, withServer(state, 2));
    expect(await store.deliveries()).toEqual([]);
    await store.recordDeliveries([FULL_RECORD]);
    expect(await store.deliveries()).toEqual([]);
    await store.recordDeliveries([{ ...FULL_RECORD, registeredRevision: 2 }]);
    expect(await store.deliveries()).toHaveLength(1);
  });

  it("forgets the record with the server", async () => {
    const { store, state } = await registered(newStore);
    await store.recordDeliveries([FULL_RECORD]);
    const removed = await appendDraft(store, state, removeStorageServer(state, SERVER));
    expect(await store.deliveries()).toEqual([]);
    await appendDraft(store, removed, withServer(removed, 3));
    expect(await store.deliveries()).toEqual([]);
  });

  it("marks distributed revisions as converged, once", async () => {
    const store = await newStore();
    const one = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]));
    const settings = settingsDecisions(one.after, 1);
    const three = decisionOf(settings.state, volumeWith(settings.state, "w", [[0, 9, "c-1"]]));
    const four = decisionOf(three.after, volumeWith(three.after, "x", [[0, 9, "c-1"]]));
    await store.append(0, [one.entry, ...settings.entries, three.entry, four.entry]);
    const convergedAt = async () =>
      (await store.revisions({ limit: 10 })).map((revision) => revision.convergedAt);

    await store.recordDeliveries([], { revision: 1, at: 100 });
    expect(await convergedAt()).toEqual([undefined, undefined, undefined, 100]);
    await store.recordDeliveries([], { revision: 3, at: 200 });
    expect(await convergedAt()).toEqual([undefined, 200, undefined, 100]);
    expect((await store.revision(3))?.convergedAt).toBe(200);
  });
}
