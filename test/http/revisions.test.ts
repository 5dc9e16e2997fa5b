import { expect, it } from "vitest";
import { type Client, startService } from "../support/service.ts";

async function listed(client: Client, query: string): Promise<number[]> {
  const { status, body } = await client.get(`/v1/revisions?${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.items.map((item: { revision: number }) => item.revision);
}

it("lists the revisions of a kind, of an actor and of a time, in pages", async () => {
  const client = await startService();
  for (const id of ["a", "b", "c"]) {
    await client.put(`/v1/links/${id}`, {});
    await client.patch(`/v1/links/${id}`, { state: "down" });
  }
  expect(await listed(client, "kind=change-link")).toEqual([6, 4, 2]);
  expect(await listed(client, "actor=local&limit=2")).toEqual([6, 5]);
  expect(await listed(client, "actor=nobody")).toEqual([]);
  const first = (await client.get("/v1/revisions?kind=register-link&limit=2")).body;
  const rest = `kind=register-link&limit=2&pageToken=${first.nextPageToken}`;
  expect(await listed(client, rest)).toEqual([1]);

  const { at } = (await client.get("/v1/revisions/1")).body;
  expect(await listed(client, `from=${at}`)).toEqual([6, 5, 4, 3, 2, 1]);
  expect(await listed(client, `to=${at}`)).toEqual([]);
  // The same moment, told in another zone.
  const east = new Date(Date.parse(at) + 3_600_000).toISOString().replace("Z", "%2B01:00");
  expect(await listed(client, `to=${east}`)).toEqual([]);
  expect(await listed(client, "from=1970-01-01T00:00:00Z&to=2999-01-01T00:00:00Z")).toHaveLength(6);
});

it("refuses what is no time and no kind", async () => {
  const client = await startService();
  for (const [name, value] of [
    ["from", "yesterday"],
    ["to", "2026-11-22"],
    ["kind", "Any%20kind"],
    ["actor", ""],
  ]) {
    const { status, body } = await client.get(`/v1/revisions?${name}=${value}`);
    expect([name, status, body.errors[0].path]).toEqual([name, 400, name]);
  }
});
