import { describe, expect, it } from "vitest";
import { ManualClock } from "../push/manual-clock.ts";
import { startService } from "../support/service.ts";

describe("Min-Revision", () => {
  it("is answered at once where the revision is known, and else when it is made", async () => {
    const client = await startService();
    await client.put("/v1/links/link-1", {});
    const known = await client.get("/v1/links/link-1", { "min-revision": "1" });
    expect([known.status, known.revision]).toEqual([200, 1]);
    const next = client.get("/v1/links/link-2", { "min-revision": "2" });
    await client.put("/v1/links/link-2", {});
    expect((await next).status).toBe(200);
  });

  it("is answered with 503 and Retry-After where it is not reached in time", async () => {
    const clock = new ManualClock();
    const client = await startService({}, clock);
    const waiting = client.get("/v1/cluster", { "min-revision": "1" });
    // What the service does from time to time, it does more seldom.
    await clock.whenWaiting(5_000);
    await clock.advance(5_000);
    const { status, headers, body } = await waiting;
    expect([status, body.code, headers["retry-after"]]).toEqual([503, "revision-not-reached", "1"]);
  });

  it("takes a number and nothing else, and no more than it can be", async () => {
    const client = await startService();
    for (const text of ["", "-1", "1.5", "0x1", "1, 2", "9007199254740993", "1e3"]) {
      const { status, body } = await client.get("/v1/cluster", { "min-revision": text });
      expect([text, status, body.code]).toEqual([text, 400, "invalid-min-revision"]);
      expect(body.errors[0].path).toBe("Min-Revision");
    }
  });

  it("waits in bounded numbers", async () => {
    const clock = new ManualClock();
    // Whatever time it takes to let so many in.
    const client = await startService({}, clock, { waitMsMax: Number.POSITIVE_INFINITY });
    const waiting = Array.from({ length: 1_001 }, () =>
      client.get("/v1/cluster", { "min-revision": "1" }),
    );
    // One is told at once, the others when the time is up.
    expect((await Promise.race(waiting)).status).toBe(503);
    await clock.advance(5_000);
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
  });
});
