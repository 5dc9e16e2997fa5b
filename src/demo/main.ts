/** The demo's process: `npm run demo`. */
import { runDemo } from "./demo.ts";
import { readOptions, USAGE } from "./options.ts";
import { LEGEND, renderChapter, storyAsJson } from "./render.ts";

const clock = {
  now: () => Date.now(),
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

try {
  await run();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const { json, title, replication } = options;
  const print = (text: string) => process.stdout.write(`${text}\n`);
  if (!json) print(`${title}, ${replication} replication\n\n${LEGEND}`);
  const story = await runDemo({
    ...{ options, clock, random: Math.random },
    tell: (chapter, first) => {
      if (!json) print(renderChapter(chapter, first));
    },
  });
  if (json) print(JSON.stringify(storyAsJson(story), null, 2));
}
