import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { Threads } from "../../src/threads/threads.ts";
import { temporaryDirectory } from "../support/service.ts";

/** Threads whose only module gives back what it is given. */
function echoThreads(): Threads {
  const directory = temporaryDirectory();
  const echo = `import { parentPort, workerData } from "node:worker_threads";
    parentPort.postMessage(workerData);`;
  writeFileSync(join(directory, "echo.mjs"), echo);
  const threads = new Threads(pathToFileURL(`${directory}/`));
  onTestFinished(() => threads.close());
  return threads;
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
    const answer = await threads.run<{ readonly name: string }>("echo.mjs", input);
    events.push(`answered ${answer.name}`);
  };
  await Promise.all([run("a"), run("b"), run("c")]);
  expect(events).toEqual([
    ...["copied a", "answered a", "copied b", "answered b", "copied c", "answered c"],
  ]);
});

it("goes on after an input that cannot be copied", async () => {
  const threads = echoThreads();
  await expect(threads.run("echo.mjs", () => {})).rejects.toThrow("could not be cloned");
  expect(await threads.run("echo.mjs", 1)).toBe(1);
});
