import { describe, expect, it, onTestFinished } from "vitest";
import { putStorageServer } from "../../src/core/cluster-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import type { Store } from "../../src/store/store.ts";
import { newSchema, POSTGRES_URL } from "../support/postgres.ts";
import { CLUSTER_ID } from "./bench.ts";
import { storeContract } from "./contract.ts";
import { startProxy } from "./postgres-proxy.ts";
import { newPostgresLocation, openStore } from "./postgres-support.ts";
import { EMPTY_STATE, settingsDecisions, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

async function emptySchema() {
  const schema = await newSchema();
  onTestFinished(schema.remove);
  return schema;
}

async function opened(url: string, options?: Parameters<typeof openStore>[1]): Promise<Store> {
  const store = await openStore(url, options);
  onTestFinished(() => store.close());
  return store;
}

const appendOne = (store: Store, state = EMPTY_STATE) =>
  store.append(state.revision, settingsDecisions(state, 1).entries);

describe.skipIf(!POSTGRES_URL)("with PostgreSQL", () => {
  storeContract("PostgreSQL", newPostgresLocation);

  describe("opening", () => {
    it("gives a cluster one id and one schema, however many begin it at once", async () => {
      const { url, query } = await emptySchema();
      const stores = await Promise.all(
        ["a", "b", "c"].map((newClusterId) => opened(url, { newClusterId })),
      );
      const ids = await Promise.all(stores.map(async (store) => (await store.load()).clusterId));
      expect(new Set(ids).size).toBe(1);
      expect((await query("SELECT count(*)::int AS n FROM cluster")).rows).toEqual([{ n: 1 }]);
    });

    it("refuses a newer schema, another program's tables and what isn't there", async () => {
      const { url, query } = await emptySchema();
      await (await openStore(url)).close();
      await query("UPDATE evenkeel_schema SET version = 999");
      await expect(openStore(url)).rejects.toThrow(/schema version 999/);
      const foreign = await emptySchema();
      await foreign.query("CREATE TABLE stranger (id int)");
      await expect(openStore(foreign.url)).rejects.toThrow(/tables of another program/);
      const missing = new URL(url);
      missing.pathname = "/missing";
      await expect(openStore(missing.href)).rejects.toThrow(/missing does not exist: create/);
    });

    it("never tells the password", async () => {
      const url = new URL(POSTGRES_URL!);
      url.password = "sesame";
      url.port = "1";
      const failed = openStore(url.href);
      await expect(failed).rejects.toMatchObject({ name: "StoreError", reason: "unavailable" });
      await expect(failed).rejects.toThrow(/^postgres:\/\/evenkeel@127\.0\.0\.1:1\/postgres can't/);
      await expect(failed).rejects.not.toThrow(/sesame/);
    });
  });

  describe("amounts", () => {
    it("are refused where they are beyond 2^53 - 1", async () => {
      const { url, query } = await emptySchema();
      const store = await opened(url);
      await query("UPDATE cluster SET history_bytes = 9007199254740993");
      await expect(store.floorRevision()).rejects.toThrow(/9007199254740993 is beyond 2\^53/);
    });
  });

  describe("several writers", () => {
    it("take each revision once, and decide again on a conflict", async () => {
      const { url } = await emptySchema();
      const stores = await Promise.all([opened(url), opened(url), opened(url)]);
      let conflicts = 0;
      const write = async (store: Store) => {
        for (let left = 10; left > 0; ) {
          const { revision } = await store.load();
          const state = { ...EMPTY_STATE, revision };
          if ((await appendOne(store, state)) === "committed") left -= 1;
          else conflicts += 1;
        }
      };
      await Promise.all(stores.map(write));
      const revisions = await stores[0]!.revisions({ limit: 100 });
      expect(revisions.map(({ revision }) => revision)).toEqual(
        Array.from({ length: 30 }, (_, i) => 30 - i),
      );
      expect(conflicts).toBeGreaterThan(0);
    });

    it("never keep a delivery record of an earlier registration", async () => {
      const { url, query } = await emptySchema();
      const [writer, pusher] = await Promise.all([opened(url), opened(url)]);
      const id = "s-1" as StorageServerId;
      const registered = (state: typeof EMPTY_STATE) => {
        const revision = state.revision + 1;
        const server = { id, state: "active" as const, registeredRevision: revision, revision };
        return decisionOf(state, putStorageServer(state, server));
      };
      const one = registered(EMPTY_STATE);
      await writer.append(0, [one.entry]);
      // While the head is held, both wait for it; whoever comes first, the record must go.
      await query("BEGIN");
      await query("SELECT * FROM cluster FOR UPDATE");
      const record = { storageServerId: id, registeredRevision: 1, mode: "active" as const };
      const recorded = pusher.recordDeliveries([
        { ...record, since: 0, consecutiveFailures: 0, snapshotNeeded: false },
      ]);
      const again = writer.append(1, [registered(one.after).entry]);
      await query("COMMIT");
      await Promise.all([recorded, again]);
      expect(await pusher.deliveries()).toEqual([]);
    });
  });

  describe("a connection that breaks", () => {
    it("at a commit that never arrives leaves nothing, and it is decided again", async () => {
      const { url } = await emptySchema();
      const proxy = await startProxy(url);
      const store = await opened(proxy.url);
      proxy.breakAt = "before-commit";
      expect(await appendOne(store)).toBe("conflict");
      expect((await store.load()).revision).toBe(0);
      expect(await appendOne(store)).toBe("committed");
    });

    it("at a commit whose answer is lost is looked up", async () => {
      const { url } = await emptySchema();
      const proxy = await startProxy(url);
      const store = await opened(proxy.url);
      proxy.breakAt = "after-commit";
      expect(await appendOne(store)).toBe("committed");
      expect((await store.load()).revision).toBe(1);
    });

    it("for long, at a commit, leaves the outcome unknown", async () => {
      const { url } = await emptySchema();
      const proxy = await startProxy(url);
      const store = await opened(proxy.url, { lookPausesMs: [0, 0] });
      proxy.breakAt = "for-long-after-commit";
      await expect(appendOne(store)).rejects.toMatchObject({ reason: "outcome-unknown" });
      proxy.open();
      expect(await appendOne(store)).toBe("conflict");
    });

    it("before that is told as unavailable, and calls succeed again afterwards", async () => {
      const { url } = await emptySchema();
      const proxy = await startProxy(url);
      const store = await opened(proxy.url);
      await store.load();
      proxy.shut();
      const unavailable = { name: "StoreError", reason: "unavailable" };
      await expect(appendOne(store)).rejects.toMatchObject(unavailable);
      await expect(store.load()).rejects.toMatchObject(unavailable);
      proxy.open();
      expect(await appendOne(store)).toBe("committed");
    });
  });

  it("keeps texts with NUL, which PostgreSQL does not know, readable", async () => {
    const { url } = await emptySchema();
    const store = await opened(url);
    const call = { at: 1, actor: "a\0b", method: "PUT", path: "/" };
    await store.recordAudit([{ ...call, outcome: "refused" }]);
    expect((await store.audit({ limit: 1 }))[0]!.actor).toBe("a\u2400b");
  });

  it("keeps the identity that the cluster began with", async () => {
    const { url } = await emptySchema();
    await (await openStore(url)).close();
    const store = await opened(url, { newClusterId: "another" });
    expect((await store.load()).clusterId).toBe(CLUSTER_ID);
  });

  it("never stops the event loop for long with large tables", async () => {
    const { url } = await emptySchema();
    const store = await opened(url);
    const ranges = Array.from({ length: 200_000 }, (_, i) => [i, i, `c-${i % 3}`] as const);
    const { entry } = decisionOf(EMPTY_STATE, volumeWith(EMPTY_STATE, "v", ranges));
    let turns = 0;
    let running = true;
    const count = () => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await store.append(0, [entry]);
    const written = turns;
    const { volumes } = await store.load();
    running = false;
    expect(volumes[0]!.ranges.firstLba.length).toBe(200_000);
    // At least once between any two pages.
    expect(written).toBeGreaterThan(40);
    expect(turns - written).toBeGreaterThan(40);
  });
});
