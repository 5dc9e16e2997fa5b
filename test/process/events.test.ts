import { join } from "node:path";
import { expect, it } from "vitest";
import { follow } from "../support/events.ts";
import { startProgram } from "../support/program.ts";
import { temporaryDirectory, workedExample } from "../support/service.ts";

async function send(url: string, method: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  expect(answer.ok).toBe(true);
  await answer.arrayBuffer();
}

it("resumes events after kill -9, and ends them at SIGTERM", async () => {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  let program = await startProgram({ DATABASE_URL });
  await send(`${program.url}/v1/topology`, "POST", workedExample);
  const first = await follow(program.url);
  expect(await first.next(1)).toMatchObject([{ event: "head", id: "1.1" }]);
  await send(`${program.url}/v1/volumes/v-2`, "PUT", { blockCount: 3 });
  const [last] = await first.next(1);
  await send(`${program.url}/v1/volumes/v-3`, "PUT", { blockCount: 3 });
  await program.stop("SIGKILL");
  await first.ended();

  program = await startProgram({ DATABASE_URL });
  await send(`${program.url}/v1/volumes/v-4`, "PUT", { blockCount: 3 });
  const second = await follow(program.url, { "last-event-id": last!.id! });
  expect((await second.next(2)).map(({ id }) => id)).toEqual(["1.3", "1.4"]);
  const unread = await follow(program.url, { "last-event-id": "1.0" });
  expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  expect([await second.ended(), await unread.ended()]).toEqual([true, true]);
});
