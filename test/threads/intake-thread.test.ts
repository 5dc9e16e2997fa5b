import { expect, it, onTestFinished } from "vitest";
import { parseMapBody } from "../../src/http/map-body.ts";
import type { MapBodyOutcome } from "../../src/http/map-body-thread.ts";
import { IntakeThread } from "../../src/threads/intake-thread.ts";
import { type Intake, Threads } from "../../src/threads/threads.ts";
import { realClock } from "../push/manual-clock.ts";
import { programRoot } from "../support/service.ts";

const FILE = "http/map-body-thread.js";

function startThread(): IntakeThread {
  const thread = new IntakeThread(new URL(FILE, programRoot));
  onTestFinished(() => thread.close());
  return thread;
}

const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const entry = (lba: number) => `{"firstLba":${lba},"lastLba":${lba},"cNodeId":"c-1"}`;

it("keeps inputs apart that come at the same time, and ends with the last", async () => {
  const thread = startThread();
  const intakes = [1, 2, 3].map(() => thread.intake<MapBodyOutcome>());
  for (const [i, intake] of intakes.entries()) {
    await intake.write(bytesOf(`{"entries":[${entry(i)}`));
  }
  const [first, second, third] = intakes as [Intake<MapBodyOutcome>, Intake<MapBodyOutcome>, never];
  await second.write(bytesOf("]}"));
  expect(await second.end()).toMatchObject({ entries: { places: Uint32Array.of(0) } });
  expect(thread.isRunning).toBe(true);
  await first.write(bytesOf(`,${entry(8)}]`));
  expect(await first.end()).toMatchObject({ problem: { code: "malformed-json" } });
  (third as Intake<MapBodyOutcome>).abandon();
  expect(thread.isRunning).toBe(false);
  // And begins again.
  const next = thread.intake<MapBodyOutcome>();
  await next.write(bytesOf('{"entries":[]}'));
  expect(await next.end()).toMatchObject({ entries: { places: new Uint32Array(0) } });
});

it("takes no more than it can, and everything in the end", async () => {
  const intake = startThread().intake<MapBodyOutcome>();
  const blanks = 1024 * 1024;
  let roomy = false;
  const written = intake.write(bytesOf(" ".repeat(blanks))).then(() => {
    roomy = true;
  });
  await Promise.resolve();
  expect(roomy).toBe(false);
  await written;
  await intake.write(bytesOf('{"entries":[]}'));
  expect(await intake.end()).toHaveProperty("entries");
});

it("tells everybody when it is closed, and takes nobody any more", async () => {
  const threads = new Threads(programRoot, realClock);
  const intake = threads.intake<MapBodyOutcome>(FILE);
  const waiting = intake.end();
  await threads.close();
  await expect(waiting).rejects.toThrow("the service is closing");
  await expect(intake.write(bytesOf("{"))).rejects.toThrow("the service is closing");
  expect(() => threads.intake(FILE)).toThrow("the service is closing");
});

it("is let go of when the input fails in the middle", async () => {
  const thread = startThread();
  async function* failing() {
    yield new Uint8Array(300 * 1024);
    expect(thread.isRunning).toBe(true);
    throw new Error("the client went away");
  }
  const threads = { intake: <T>() => thread.intake<T>() };
  await expect(parseMapBody(threads, failing())).rejects.toThrow("the client went away");
  expect(thread.isRunning).toBe(false);
});
