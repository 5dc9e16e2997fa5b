import { expect, it } from "vitest";
import { type Client, startWorkedExample } from "../support/service.ts";

const NDJSON = { accept: "application/x-ndjson" };

/** Some changes of everything that the tables are made of, each a revision. */
function changes(client: Client): (() => Promise<unknown>)[] {
  const deleteVolume = async () => {
    const { headers } = await client.get("/v1/volumes/vol-2");
    return client.delete("/v1/volumes/vol-2", { "if-match": String(headers.etag) });
  };
  return [
    () => client.post("/v1/rebalances", { strategy: "proportional" }),
    () => client.put("/v1/volumes/vol-2", { blockCount: 30 }),
    () => client.put("/v1/link-assignments/link-1", { rNodeId: "r-b" }),
    () => client.patch("/v1/processes/A", { weight: 2 }),
    deleteVolume,
    () => client.post("/v1/generation"),
    () => client.put("/v1/volumes/vol-2", { blockCount: 6 }),
    () => client.patch("/v1/links/link-2", { state: "down" }),
  ];
}

const urls = ["/v1/a2c", "/v1/link-assignments", "/v1/a2c?volumeId=vol-1", "/v1/a2c?cNodeId=c-2"];

async function readAll(client: Client, revision?: number) {
  const at = (url: string) =>
    revision === undefined ? url : `${url}${url.includes("?") ? "&" : "?"}revision=${revision}`;
  const answers = await Promise.all(urls.map((url) => client.get(at(url))));
  const lines = await client.get(at("/v1/a2c"), NDJSON);
  return [...answers, lines].map(({ status, headers, body }) => [status, headers.etag, body]);
}

it("answers at every older revision what was answered then", async () => {
  const client = await startWorkedExample();
  const then = new Map([[1, await readAll(client)]]);
  for (const step of changes(client)) {
    await step();
    const { revision } = await client.get("/v1/cluster");
    then.set(revision, await readAll(client));
  }
  expect([...then.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const [revision, answers] of then) expect(await readAll(client, revision)).toEqual(answers);
});

it("tells what was not there at a revision, and what is not modified", async () => {
  const client = await startWorkedExample();
  await client.put("/v1/volumes/vol-2", { blockCount: 30 });
  const absent = [
    "/v1/a2c?revision=1&volumeId=vol-2",
    "/v1/a2c?revision=0&cNodeId=c-1",
    "/v1/a2c?revision=3",
    "/v1/link-assignments?revision=3",
  ];
  for (const url of absent) {
    const { status, body } = await client.get(url);
    expect([url, status, body.code]).toEqual([url, 404, "not-found"]);
  }
  const empty = await client.get("/v1/a2c?revision=0");
  expect(empty.body).toMatchObject({ revision: 0, generation: 1, entries: [] });
  const tag = String((await client.get("/v1/a2c?revision=1")).headers.etag);
  const again = await client.get("/v1/a2c?revision=1", { "if-none-match": tag });
  expect([again.status, again.revision]).toEqual([304, 2]);
});
