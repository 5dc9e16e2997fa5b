/** Following the revisions over real connections. */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { ManualClock, settled } from "../push/manual-clock.ts";
import { type Follower, follow } from "../support/events.ts";
import { type Client, startService, startWorkedExample } from "../support/service.ts";

const resume = (id: string) => ({ "last-event-id": id });
const idsOf = async (follower: Follower, count: number) =>
  (await follower.next(count)).map(({ event, id }) => `${event} ${id}`);

async function addVolumes(client: Client, ...names: string[]): Promise<void> {
  for (const name of names) {
    expect((await client.put(`/v1/volumes/${name}`, { blockCount: 3 })).status).toBe(201);
  }
}

describe("who follows the events", () => {
  it("hears of the head, then of each revision that changes the tables", async () => {
    const client = await startWorkedExample();
    const follower = await follow(client.address, { "accept-encoding": "gzip" });
    expect(follower.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "close",
      revision: "1",
    });
    expect(follower.headers["content-encoding"]).toBeUndefined();
    expect(await idsOf(follower, 1)).toEqual(["head 1.1"]);
    // A weight is no business of a storage server's.
    await client.patch("/v1/processes/A", { weight: 2 });
    const { body } = await client.post("/v1/rebalances", { reason: "secret" });
    const [heard] = await follower.next(1);
    const revision = (await client.get(`/v1/revisions/${body.revision}`)).body;
    const { at, kind, changed } = revision;
    expect(heard).toEqual({
      ...{ id: `1.${body.revision}`, event: "revision" },
      data: { generation: 1, revision: body.revision, at, kind, changed },
    });
  });

  it("goes on where it was, and hears the head where that is not known", async () => {
    const client = await startWorkedExample();
    await addVolumes(client, "v-2", "v-3", "v-4");
    const back = await follow(client.address, resume("1.2"));
    expect(await idsOf(back, 2)).toEqual(["revision 1.3", "revision 1.4"]);
    for (const id of ["1.9", "7.3", ""]) {
      const lost = await follow(client.address, resume(id));
      expect(await idsOf(lost, 1)).toEqual(["head 1.4"]);
    }
    await addVolumes(client, "v-5");
    expect(await idsOf(back, 1)).toEqual(["revision 1.5"]);
  });

  it("hears the head where the history is not kept any more", async () => {
    const client = await startWorkedExample({ HISTORY_REVISIONS_MAX: "10" });
    await addVolumes(client, ...Array.from({ length: 29 }, (_, i) => `v-${i}`));
    while ((await client.get("/v1/a2c?revision=1")).status !== 410);
    expect(await idsOf(await follow(client.address, resume("1.1")), 1)).toEqual(["head 1.30"]);
    const kept = await follow(client.address, resume("1.28"));
    expect(await idsOf(kept, 2)).toEqual(["revision 1.29", "revision 1.30"]);
  });

  it("hears of a new generation", async () => {
    const client = await startWorkedExample();
    const follower = await follow(client.address, resume("1.1"));
    const { generation } = (await client.post("/v1/generation")).body;
    expect(await idsOf(follower, 1)).toEqual([`head ${generation}.1`]);
  });

  it("is refused with an id that no event has", async () => {
    const client = await startWorkedExample();
    for (const id of ["x", "1", "1.x", "1.-1", "1.2.3", "1.9999999999999999"]) {
      const { status, body } = await client.get("/v1/events", resume(id));
      expect([id, status, body.errors[0].path]).toEqual([id, 400, "last-event-id"]);
    }
  });
});

it("holds a thousand streams; all of them hear the same", async () => {
  const client = await startWorkedExample();
  const followers = await Promise.all(
    Array.from({ length: 1000 }, () => follow(client.address, resume("1.1"))),
  );
  await addVolumes(client, "v-2", "v-3");
  const heard = await Promise.all(followers.map((follower) => idsOf(follower, 2)));
  expect(new Set(heard.map((ids) => ids.join()))).toEqual(new Set(["revision 1.2,revision 1.3"]));
  await client.service.close();
  const ended = await Promise.all(followers.map((follower) => follower.ended()));
  expect(ended).toEqual(followers.map(() => true));
});

it("holds no more streams than it can, and has room again when one goes", async () => {
  const client = await startService({}, undefined, { eventStreamsMax: 2 });
  const [first] = [await follow(client.address), await follow(client.address)];
  const refused = await client.get("/v1/events");
  expect([refused.status, refused.body.code]).toEqual([503, "too-many-streams"]);
  expect(refused.headers["retry-after"]).toBe("10");
  first.leave();
  while ((await follow(client.address)).status !== 200);
});

it("forgets a client that asks for the headers alone, or goes at once", async () => {
  const client = await startService({}, undefined, { eventStreamsMax: 1 });
  for (let i = 0; i < 5; i++) {
    const head = await fetch(`${client.address}/v1/events`, { method: "HEAD" });
    expect(head.status).toBe(200);
    const { hostname, port } = new URL(client.address);
    await new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.end(`GET /v1/events HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
        socket.once("close", resolve).destroySoon();
      });
    });
  }
  while ((await follow(client.address)).status !== 200);
});

it("gives signs of life", async () => {
  const clock = new ManualClock();
  const client = await startService({}, clock);
  const answer = await fetch(`${client.address}/v1/events`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (ending: string) => {
    while (!text.endsWith(ending)) text += (await reader.read()).value ?? "";
  };
  await until('"revision":0}\n\n');
  // The notice has left the buffer for certain once the reader has it and nothing is under way.
  await settled();
  await clock.advance(15_000);
  await until("\n\n:\n\n");
  await reader.cancel();
});
