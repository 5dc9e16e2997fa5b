import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { Threads } from "../../src/threads/threads.ts";
import { ManualClock, realClock } from "../push/manual-clock.ts";
import { temporaryDirectory } from "../support/service.ts";

/** Threads whose only module tells its thread, and gives back what it is given; not "bad". */
function echoThreads(clock: Clock = realClock): Threads {
  const directory = temporaryDirectory();
  const echo = `import { parentPort, threadId } from "node:worker_threads";
    parentPort.on("message", (input) => {
      if (input === "bad") throw new Error("it is bad");
      parentPort.postMessage({ threadId, input });
    });`;
  writeFileSync(join(directory, "echo.mjs"), echo);
  const threads = new Threads(pathToFileURL(`${directory}/`), clock);
  onTestFinished(() => threads.close());
  return threads;
}

interface Echo<Input> {
  readonly threadId: number;
  readonly input: Input;
}

it("copies an input only when its turn has come, so that who waits takes no memory", async () => {
  const threads = echoThreads();
  const events: string[] = [];
  const run = async (name: string) => {
    const input = {
      get name() {
        events.push(`copied ${name}`);
        return name;
      },
    };
    const answer = await threads.run<Echo<{ readonly name: string }>>("echo.mjs", input);
    events.push(`answered ${answer.input.name}`);
  };
  await Promise.all([run("a"), run("b"), run("c")]);
  expect(events).toEqual([
    ...["copied a", "answered a", "copied b", "answered b", "copied c", "answered c"],
  ]);
});

it("works on inputs side by side, each in a thread of its own that it keeps", async () => {
  const threads = echoThreads();
  const { buffer } = new Uint8Array(8);
  const both = (input: unknown, transfer: ArrayBuffer[] = []) =>
    Promise.all(
      [0, 1].map((place) =>
        threads.runBeside<Echo<unknown>>("echo.mjs", place, input, place === 0 ? transfer : []),
      ),
    );
  const [first, second] = await both("a");
  expect(first!.threadId).not.toBe(second!.threadId);
  const again = await both("b", [buffer]);
  expect(again.map(({ threadId }) => threadId)).toEqual([first!.threadId, second!.threadId]);
  expect(buffer.byteLength).toBe(0);
});

it("doesn't ask a thread that hasn't answered yet", async () => {
  const threads = echoThreads();
  const first = threads.runBeside("echo.mjs", 0, 1, []);
  await expect(threads.runBeside("echo.mjs", 0, 2, [])).rejects.toThrow("when it has answered");
  expect(await first).toMatchObject({ input: 1 });
  expect(await threads.runBeside("echo.mjs", 0, 3, [])).toMatchObject({ input: 3 });
});

it("goes on after an input that cannot be copied", async () => {
  const threads = echoThreads();
  await expect(threads.run("echo.mjs", () => {})).rejects.toThrow("could not be cloned");
  expect(await threads.run("echo.mjs", 1)).toMatchObject({ input: 1 });
});

it("goes on after an input that has ended the thread", async () => {
  const threads = echoThreads();
  await expect(threads.run("echo.mjs", "bad")).rejects.toThrow("it is bad");
  expect(await threads.run("echo.mjs", "good")).toMatchObject({ input: "good" });
});

it("keeps the thread for half a minute", async () => {
  const clock = new ManualClock();
  const threads = echoThreads(clock);
  const threadOf = async () => (await threads.run<Echo<number>>("echo.mjs", 1)).threadId;
  const first = await threadOf();
  await clock.advance(29_999);
  expect(await threadOf()).toBe(first);
  await clock.advance(30_000);
  expect(await threadOf()).not.toBe(first);
});

it("answers nobody after its end", async () => {
  const threads = echoThreads();
  const running = threads.run("echo.mjs", 1);
  const waiting = threads.run("echo.mjs", 2);
  await Promise.resolve();
  const closed = threads.close();
  await expect(running).rejects.toThrow("the service is closing");
  await expect(waiting).rejects.toThrow("the service is closing");
  await closed;
});
