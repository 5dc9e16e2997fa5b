import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Client,
  realClock,
  startService,
  startWorkedExample,
  tableOf,
  temporaryDirectory,
} from "../support/service.ts";

const ORIGINAL = ["c-1: 0–32", "c-2: 33–66", "c-3: 67–100"];
const LEVEL = ["c-1: 0–22", "c-2: 23–78", "c-3: 79–100"];
const HOUR_MS = 60 * 60 * 1000;

const planned = async (client: Client, body: object = {}) =>
  (await client.post("/v1/rebalances", { ...body, dryRun: true })).body;
const apply = (client: Client, { id }: { id: string }, body?: object) =>
  client.post(`/v1/rebalances/${id}/apply`, body);

/** A clock that a test sets forward. */
function movableClock() {
  let aheadMs = 0;
  const clock = { ...realClock, now: () => Date.now() + aheadMs };
  const forward = (ms: number) => {
    aheadMs += ms;
  };
  return { clock, forward };
}

describe("applying a plan", () => {
  it("makes exactly the moves that were shown, as one revision", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client, { reason: "as approved" });
    expect(plan).toMatchObject({ state: "planned", revision: null, rollback: { possible: true } });
    expect(await tableOf(client)).toEqual(ORIGINAL);
    const applied = await apply(client, plan);
    expect([applied.status, applied.revision]).toEqual([200, 2]);
    expect(applied.body).toEqual({
      ...plan,
      state: "applied",
      revision: 2,
      appliedAt: expect.any(String),
    });
    expect(await tableOf(client)).toEqual(LEVEL);
    expect((await client.get(`/v1/rebalances/${plan.id}`)).body).toEqual(applied.body);
    expect((await client.get("/v1/revisions/2")).body).toMatchObject({
      kind: "rebalance",
      reason: "as approved",
      changed: { movedAddresses: plan.movedAddresses },
    });
    const delivery = await client.get(`/v1/rebalances/${plan.id}/delivery`);
    expect([delivery.status, delivery.body.revision]).toEqual([200, 2]);
  });

  it("answers once more with the same, also to two calls at once", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client);
    const both = await Promise.all([apply(client, plan), apply(client, plan, { rebase: true })]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(both[1]!.body).toEqual(both[0]!.body);
    await client.patch("/v1/processes/A", { weight: 3 });
    const again = await apply(client, plan);
    expect([again.status, again.body]).toEqual([200, both[0]!.body]);
    const direct = (await client.post("/v1/rebalances", {})).body;
    expect((await apply(client, direct)).body).toEqual(direct);
  });

  it("has nothing to do for a plan that moves nothing", async () => {
    const client = await startWorkedExample();
    await client.post("/v1/rebalances", {});
    const first = await client.post("/v1/rebalances", { dryRun: true });
    expect([first.status, first.body.state]).toEqual([200, "no-op"]);
    expect(first.body.id).toEqual(expect.any(String));
    const applied = await apply(client, first.body);
    expect([applied.status, applied.body, applied.revision]).toEqual([200, first.body, 2]);
    await client.patch("/v1/processes/A", { weight: 3 });
    const stale = await apply(client, first.body);
    expect([stale.status, stale.body.code]).toEqual([409, "stale-plan"]);
    expect(stale.body.replanned).toMatchObject({ sameMoves: false });
    expect((await apply(client, first.body, { rebase: true })).body).toEqual(first.body);
  });

  it("is refused for what isn't there, or isn't asked well", async () => {
    const client = await startWorkedExample();
    expect((await apply(client, { id: "none" })).status).toBe(404);
    expect((await client.post("/v1/rebalances/none/rollback")).status).toBe(404);
    const plan = await planned(client);
    for (const body of [{ force: true }, { rebase: "yes" }, { allowUnreachable: null }]) {
      expect((await apply(client, plan, body)).status).toBe(400);
    }
    const stale = { "if-match": '"1.0"' };
    const url = `/v1/rebalances/${plan.id}/apply`;
    expect((await client.post(url, {}, stale)).status).toBe(412);
    expect((await client.post(url, {}, { "if-match": '"1.1"' })).status).toBe(200);
  });

  it("waits for convergence where it is asked to", async () => {
    const client = await startWorkedExample();
    const plan = await planned(client);
    const url = `/v1/rebalances/${plan.id}`;
    const waited = await client.callOverSocket(
      "POST",
      `${url}/apply?wait=converged&timeoutSeconds=0`,
    );
    expect(waited.status).toBe(202);
    expect(waited.body).toMatchObject({ state: "applied", delivery: { revision: 2, servers: 3 } });
    const back = await client.callOverSocket(
      "POST",
      `${url}/rollback?wait=converged&timeoutSeconds=0`,
    );
    expect(back.status).toBe(202);
    expect(back.body).toMatchObject({ state: "rolled-back", delivery: { revision: 3 } });
  });
});

describe("a plan's day", () => {
  it("ends after 24 hours, and the plan with it", async () => {
    const { clock, forward } = movableClock();
    const client = await startWorkedExample(undefined, clock);
    const [used, unused] = [await planned(client), await planned(client, { tolerance: 0.01 })];
    forward(23 * HOUR_MS);
    expect((await client.get(`/v1/rebalances/${unused.id}`)).body.state).toBe("planned");
    expect((await apply(client, used)).status).toBe(200);
    forward(HOUR_MS + 1000);
    const { body } = await client.get(`/v1/rebalances/${unused.id}`);
    expect([body.state, body.rollback]).toEqual(["expired", undefined]);
    const late = await apply(client, unused, { rebase: true });
    expect([late.status, late.body.code]).toEqual([409, "plan-expired"]);
    expect((await client.get(`/v1/rebalances/${used.id}`)).body.state).toBe("applied");
    const back = await client.post(`/v1/rebalances/${unused.id}/rollback`);
    expect([back.status, back.body.code]).toEqual([409, "rebalance-not-applied"]);
  });

  it("outlasts restarts", async () => {
    const environment = { DATABASE_URL: `sqlite:${join(temporaryDirectory(), "evenkeel.db")}` };
    const first = await startWorkedExample(environment);
    const plan = await planned(first);
    await first.service.close();
    const second = await startService(environment);
    expect((await second.get(`/v1/rebalances/${plan.id}`)).body).toEqual(plan);
    const applied = await apply(second, plan);
    expect(applied.status).toBe(200);
    await second.service.close();
    const third = await startService(environment);
    expect((await apply(third, plan)).body).toEqual(applied.body);
    expect(await tableOf(third)).toEqual(LEVEL);
    const back = await third.post(`/v1/rebalances/${plan.id}/rollback`);
    expect([back.status, back.body.rollbackRevision]).toEqual([200, 3]);
    await third.service.close();
    const fourth = await startService(environment);
    expect(await tableOf(fourth)).toEqual(ORIGINAL);
    expect((await fourth.get(`/v1/rebalances/${plan.id}`)).body).toEqual(back.body);
  });
});
