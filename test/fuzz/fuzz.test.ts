/**
 * Nearly right requests, from the OpenAPI document: none is answered with a 500, and one that is
 * refused has changed nothing. `npm run test:fuzz` sends 100,000 of them, `npm test` some thousand.
 */
import { expect, it } from "vitest";
import { Random } from "../support/random.ts";
import { seed } from "../support/seed.ts";
import { type Client, startService, workedExample } from "../support/service.ts";
import { anyRequest, operations } from "./requests.ts";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3000);
/** After so many the cluster is made whole again: much is deleted on the way. */
const REPAIR_EVERY = 500;
const LOOK_EVERY = 20;
const TIMEOUT_MS = 45 * 60 * 1000;

it(
  `answers ${REQUESTS} requests that are nearly right without a mistake`,
  async () => {
    const client = await startService();
    const random = new Random(seed);
    const answered = new Map<number, number>();
    let known: string | undefined;
    let refused = 0;
    for (let i = 0; i < REQUESTS; i++) {
      if (i % REPAIR_EVERY === 0) {
        await repair(client);
        known = undefined;
      }
      const request = anyRequest(random);
      const { method, url, headers, body } = request;
      const { status, body: answer } = await client.call(method, url, body, headers);
      const told = `request ${i} of seed ${seed}: ${JSON.stringify(request)}`;
      expect(status, `${told} → ${JSON.stringify(answer)}`).not.toBe(500);
      answered.set(status, (answered.get(status) ?? 0) + 1);
      if (status < 400) {
        if (method !== "GET") known = undefined;
        continue;
      }
      expect(answer, told).toMatchObject({ status, code: expect.any(String) });
      if (++refused % LOOK_EVERY !== 0 && known !== undefined) continue;
      const seen = await look(client);
      if (known !== undefined) expect(seen, told).toBe(known);
      known = seen;
    }
    // Otherwise it would only have shown that everything is refused.
    expect(answered.get(200)).toBeGreaterThan(REQUESTS / 20);
    expect(answered.get(400)).toBeGreaterThan(REQUESTS / 20);
    expect(operations.length).toBeGreaterThan(50);
  },
  TIMEOUT_MS,
);

async function repair(client: Client): Promise<void> {
  for (const id of ["s-1", "s-2", "s-3"]) {
    await client.patch(`/v1/storage-servers/${id}`, { state: "active" });
  }
  for (const id of ["A", "B", "C"]) await client.patch(`/v1/processes/${id}`, { state: "active" });
  await client.post("/v1/topology", workedExample);
}

/** What a refused request could have changed; deliveries go on by themselves. */
async function look(client: Client): Promise<string> {
  const paths = ["processes", "links", "volumes", "a2c", "link-assignments", "revisions?limit=1"];
  const tables = [];
  for (const path of paths) tables.push(JSON.stringify((await client.get(`/v1/${path}`)).body));
  return tables.join("\n");
}
