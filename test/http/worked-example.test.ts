import { describe, expect, it } from "vitest";
import { startWorkedExample, tableOf } from "../support/service.ts";

describe("the worked example (FIG. 4, 5, 6, 9, 10)", () => {
  it("balances one pair as FIG. 9B shows", async () => {
    const client = await startWorkedExample();
    const { status, body, headers } = await client.post("/v1/rebalances", {
      strategy: "pairwise",
      pairs: [{ linkedProcessId: "A", unlinkedProcessId: "B" }],
      transfer: { fraction: 0.5 },
    });
    expect(status).toBe(201);
    expect(headers.location).toBe(`/v1/rebalances/${body.id}`);
    expect(body).toMatchObject({ state: "applied", movedAddresses: 17, revision: 2 });
    expect(await tableOf(client)).toEqual(["c-1: 0–15", "c-2: 16–66", "c-3: 67–100"]);
  });

  it("moves K % as FIG. 10 and Eq. 1 say, once", async () => {
    const client = await startWorkedExample();
    const first = await client.post("/v1/rebalances", { strategy: "proportional" });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ processCount: 3, linkedProcessCount: 2 });
    expect(first.body.transferPercent).toBeCloseTo(100 / 3, 10);
    expect(first.body.imbalance.before.toFixed(3)).toBe("1.206");
    expect(first.body.imbalance.after.toFixed(3)).toBe("1.010");
    const corrected = ["c-1: 0–21", "c-2: 22–77", "c-3: 78–100"];
    expect(await tableOf(client)).toEqual(corrected);

    const second = await client.post("/v1/rebalances", { strategy: "proportional" });
    expect(second.status).toBe(200);
    expect(second.headers.location).toBeUndefined();
    expect(second.body).toMatchObject({ id: null, state: "no-op", revision: null });
    expect(second.body.explanations[0].code).toBe("would-not-improve");

    const equalized = await client.post("/v1/rebalances", {});
    expect(equalized.body).toMatchObject({ state: "no-op", strategy: "equalize" });
    expect(await tableOf(client)).toEqual(corrected);

    const forced = await client.post("/v1/rebalances", { strategy: "proportional", force: true });
    expect(forced.status).toBe(201);
    expect(forced.body.movedAddresses).toBeGreaterThan(0);
  });

  it("splits an I/O by owner (¶41)", async () => {
    const client = await startWorkedExample();
    const { body } = await client.get("/v1/a2c/vol-1/lookup?firstLba=23&lastLba=43");
    expect(body).toEqual({
      revision: 1,
      segments: [
        { firstLba: 23, lastLba: 32, cNodeId: "c-1", processId: "A", storageServerId: "s-1" },
        { firstLba: 33, lastLba: 43, cNodeId: "c-2", processId: "B", storageServerId: "s-2" },
      ],
    });
  });

  it("keeps rebalances, with their moves page by page", async () => {
    const client = await startWorkedExample();
    const { body } = await client.post("/v1/rebalances", { strategy: "proportional", reason: "r" });
    expect((await client.get(`/v1/rebalances/${body.id}`)).body).toEqual(body);
    const page = await client.get(`/v1/rebalances/${body.id}/moves?limit=1`);
    expect(page.body.items).toEqual([body.moves[0]]);
    const rest = await client.get(
      `/v1/rebalances/${body.id}/moves?limit=1&pageToken=${page.body.nextPageToken}`,
    );
    expect(rest.body).toEqual({ items: [body.moves[1]] });
    const { moves: _m, processes: _p, rollback: _r, ...summary } = body;
    expect((await client.get("/v1/rebalances")).body).toEqual({ items: [summary] });
    const revision = await client.get(`/v1/revisions/${body.revision}`);
    expect(revision.body).toMatchObject({
      kind: "rebalance",
      actor: "local",
      reason: "r",
      changed: { a2cEntries: 3, linkAssignments: 0, movedAddresses: 22 },
    });
  });

  it("keeps a dry run and changes nothing", async () => {
    const client = await startWorkedExample();
    const planned = await client.post("/v1/rebalances", { dryRun: true });
    expect(planned.status).toBe(201);
    expect(planned.body).toMatchObject({ state: "planned", revision: null });
    expect(planned.revision).toBe(1);
    expect((await client.get(`/v1/rebalances/${planned.body.id}`)).body).toEqual(planned.body);
    const delivery = await client.get(`/v1/rebalances/${planned.body.id}/delivery`);
    expect([delivery.status, delivery.body.code]).toEqual([409, "rebalance-not-applied"]);
    expect(await tableOf(client)).toEqual(["c-1: 0–32", "c-2: 33–66", "c-3: 67–100"]);
  });
});
