/** How several processes work together on one database. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type ClusterState, putSettings, putStorageServer } from "../../src/core/cluster-state.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { CALLS_ANSWERED_MS } from "../../src/store/calls.ts";
import type { Heard, Known } from "../../src/store/shared-store.ts";
import { newSchema, POSTGRES_URL } from "../support/postgres.ts";
import { openStore } from "./postgres-support.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

const SERVER = "s-1" as StorageServerId;
const NOTHING: Known = { revision: 0, ledgerVersion: 0, lossesRevision: 0 };
const RECORD: DeliveryRecord = {
  ...{ storageServerId: SERVER, registeredRevision: 1, mode: "active", since: 0 },
  ...{ consecutiveFailures: 0, snapshotNeeded: false },
};

/** Two processes on one store, and what they write. */
async function two() {
  const { url, query, remove } = await newSchema();
  onTestFinished(remove);
  const [one, other] = await Promise.all([openStore(url), openStore(url)]);
  onTestFinished(() => one.close());
  onTestFinished(() => other.close());
  let state: ClusterState = EMPTY_STATE;
  const append = async (draft: (state: ClusterState) => ClusterState) => {
    const { entry, after } = decisionOf(state, draft(state));
    expect(await one.append(state.revision, [entry])).toBe("committed");
    state = after;
  };
  const server = { id: SERVER, state: "active", registeredRevision: 1, revision: 1 } as const;
  await append((empty) => putStorageServer(empty, server));
  const known = (ledgerVersion = 0): Known => {
    const { revision } = state;
    return { revision, ledgerVersion, lossesRevision: revision };
  };
  const write = { records: [RECORD], converged: undefined, taken: [] };
  return {
    ...{ one: one.shared!, other: other.shared!, store: other, state: () => state },
    ...{ append, known, query, write },
  };
}

const otherSettings = (state: ClusterState): ClusterState => {
  const revision = state.revision + 1;
  return putSettings(state, { replicationCostMicro: revision, revision });
};
const held = { holder: "one", ttlMs: 60_000 };

describe.skipIf(!POSTGRES_URL)("several processes on PostgreSQL", () => {
  describe("a look", () => {
    it("tells what leads from what is known to the head, and of nothing else", async () => {
      const { other, append, known } = await two();
      const before = known();
      await append((state) => volumeWith(state, "v", [[0, 9, "c-1"]]));
      const { news, head, ...look } = await other.look(before);
      expect(head).toMatchObject({ revision: 2, generation: 1 });
      expect(news).toMatchObject({ fromRevision: 1, toRevision: 2 });
      expect(look).toMatchObject({ deliveries: [], losses: [], heard: [], term: 0 });
      expect(await other.look(known())).toMatchObject({ news: undefined, head: { revision: 2 } });
    });

    it("is whole where the way there is not kept any more", async () => {
      const { other, store, append, known } = await two();
      const before = known();
      for (let i = 0; i < 3; i++) await append(otherSettings);
      await store.prune({ revisionsMax: 1, bytesMax: Number.MAX_SAFE_INTEGER }, 100, 0);
      const { news, floorRevision } = await other.look(before);
      expect(floorRevision).toBe(4);
      expect(news).toMatchObject({ revision: 4, clusterId: expect.any(String) });
      expect(news).not.toHaveProperty("toRevision");
    });

    it("tells of the ledger what was written since", async () => {
      const { one, other, known, write } = await two();
      const term = (await one.hold({ ...held, term: undefined }))!;
      await one.recordUnder(term, write);
      const { ledgerVersion, deliveries } = await other.look(known());
      expect(deliveries).toEqual([RECORD]);
      expect((await other.look(known(ledgerVersion))).deliveries).toEqual([]);
      const acked = { ...RECORD, acked: { generation: 1, revision: 1 } };
      await one.recordUnder(term, { ...write, records: [acked] });
      expect((await other.look(known(ledgerVersion))).deliveries).toEqual([acked]);
    });

    it("tells in which revisions addresses were lost, however many were missed", async () => {
      const { other, query } = await two();
      await query("INSERT INTO address_losses VALUES ('s-1', 0), ('s-1', 1)");
      expect((await other.look(NOTHING)).losses).toEqual([
        { storageServerId: SERVER, revision: 1 },
      ]);
    });
  });

  describe("the lease", () => {
    it("is held by one, and renewed under the same term", async () => {
      const { one, other } = await two();
      expect(await one.hold({ ...held, term: undefined })).toBe(1);
      expect(await other.hold({ ...held, term: undefined })).toBeUndefined();
      expect(await one.hold({ ...held, term: 1 })).toBe(1);
      await one.release(1);
      expect(await other.hold({ ...held, term: undefined })).toBe(2);
      expect(await one.hold({ ...held, term: 1 })).toBeUndefined();
    });

    it("goes to one of many who want it when it has run out by the database's clock", async () => {
      const { one, other, query } = await two();
      await one.hold({ ...held, term: undefined });
      await query("UPDATE distribution_lease SET expires_at = 1");
      const wanting = Array.from({ length: 8 }, (_, i) =>
        (i % 2 === 0 ? one : other).hold({ ...held, term: undefined }),
      );
      expect((await Promise.all(wanting)).filter((term) => term !== undefined)).toEqual([2]);
    });

    it("guards every write to the ledger by its term", async () => {
      const { one, other, query, store, write } = await two();
      await one.hold({ ...held, term: undefined });
      expect(await one.recordUnder(1, write)).toBe("recorded");
      await query("UPDATE distribution_lease SET expires_at = 1");
      // Run out, but nobody else has taken it: what is known is still all there is.
      expect(await one.recordUnder(1, write)).toBe("recorded");
      expect(await other.hold({ ...held, term: undefined })).toBe(2);
      const late = { ...write, records: [{ ...RECORD, mode: "gone" as const }] };
      expect(await one.recordUnder(1, late)).toBe("superseded");
      expect(await store.deliveries()).toEqual([RECORD]);
    });

    it("is not taken in the middle of a write to the ledger", async () => {
      const { one, other, query, write } = await two();
      await one.hold({ ...held, term: undefined });
      await query("UPDATE distribution_lease SET expires_at = 1");
      // The write has seen its term; whoever takes the lease now waits for it.
      await query("BEGIN");
      await query("SELECT term FROM distribution_lease FOR SHARE");
      let taken: number | undefined;
      const taking = other.hold({ ...held, term: undefined }).then((term) => (taken = term));
      expect(await one.recordUnder(1, write)).toBe("recorded");
      expect(taken).toBeUndefined();
      await query("COMMIT");
      expect(await taking).toBe(2);
    });
  });

  describe("what is heard of a storage server", () => {
    const heard = { storageServerId: SERVER, registeredRevision: 1, at: 5 };
    const report = { generation: 1, revision: 1, digest: "d" };

    it("is kept until it is taken into the ledger, the last of each kind", async () => {
      const { one, other, known, write } = await two();
      await other.hear({ ...heard, event: { kind: "reported", report } });
      await other.hear({ ...heard, at: 6, event: { kind: "woken" } });
      const last = { kind: "reported", report: { ...report, revision: 2 } } as const;
      await other.hear({ ...heard, at: 7, event: last });
      const seen = (await one.look(known())).heard;
      expect(seen.map(({ event }) => event)).toEqual([{ kind: "woken" }, last]);
      const term = (await one.hold({ ...held, term: undefined }))!;
      await one.recordUnder(term, { ...write, taken: seen });
      expect((await one.look(known())).heard).toEqual([]);
    });

    it("is not forgotten for what came before it, nor by who has been superseded", async () => {
      const { one, other, known, write } = await two();
      await one.hold({ ...held, term: undefined });
      await other.hear({ ...heard, event: { kind: "pulled" } });
      const first = (await one.look(known())).heard;
      await other.hear({ ...heard, event: { kind: "pulled" } });
      await one.recordUnder(1, { ...write, taken: first });
      const left: readonly Heard[] = (await one.look(known())).heard;
      expect(left.map(({ event }) => event.kind)).toEqual(["pulled"]);
      expect(await one.recordUnder(99, { ...write, taken: left })).toBe("superseded");
      expect((await one.look(known())).heard).toEqual(left);
    });
  });

  it("carries a call out once, whoever is asked for it", async () => {
    const { store, state } = await two();
    const at = 1_700_000_000_000;
    const idempotent = { callSha256: "call", requestSha256: "request", at };
    const { entries } = settingsDecisions(state(), 3);
    const keyed = (index: number, when = at) => ({
      ...entries[index]!,
      idempotent: { ...idempotent, at: when },
    });
    expect(await store.append(1, [keyed(0)])).toBe("committed");
    const other = { ...entries[1]!, idempotent: { ...idempotent, callSha256: "other" } };
    expect(await store.append(2, [other, keyed(2)])).toEqual({ repeated: ["call"] });
    expect(await store.append(2, [])).toBe("committed");
    // After a day it is another call.
    expect(await store.append(2, [keyed(1, at + CALLS_ANSWERED_MS)])).toBe("committed");
  });

  it("hints to the others that something was written", async () => {
    const { one, other, append } = await two();
    let isHinted = false;
    other.onHint(() => {
      isHinted = true;
    });
    one.onHint(() => undefined);
    // Some get lost while the connections are made.
    while (!isHinted) await append(otherSettings);
  });
});
