/** Disks as a power failure would leave them, and what the program finds on them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { formatDigest } from "../../src/core/digest.ts";
import { soundStateOf } from "../../src/core/sound-state.ts";
import { openConnection } from "../../src/store/sqlite/connection.ts";
import { createEngine } from "../../src/store/sqlite/engine.ts";
import { Random } from "../support/random.ts";
import { Disk } from "./disk.ts";
import { FATES } from "./fates.ts";
import type { Recording } from "./recording.ts";

export interface Outcome {
  readonly images: number;
  /** Of images, in words. */
  readonly losses: readonly string[];
}

interface ReplayParts {
  readonly seed: number;
  readonly images: number;
  /** Where it was recorded. */
  readonly directory: string;
  /** Where images are made. */
  readonly scratch: string;
}

/** Half of the cuts are right after an answer, the others anywhere. */
export function replay({ events, databaseFile }: Recording, parts: ReplayParts): Outcome {
  const random = new Random(parts.seed);
  const digests = digestsOf(databaseFile);
  const cuts = cutsOf(events.length, answersAt({ events }), parts.images / FATES.length, random);
  const disk = new Disk(parts.directory);
  const losses: string[] = [];
  let promised = 0;
  for (const [i, event] of events.entries()) {
    disk.take(event);
    if (event.kind === "answer") promised = Math.max(promised, event.revision);
    if (!cuts.has(i)) continue;
    for (const fate of FATES) {
      const files = disk.afterPowerLoss(fate, random);
      const found = opened(files, relative(parts.directory, databaseFile), parts);
      const wrong = mistakeIn(found, promised, digests);
      if (wrong) losses.push(`${fate} after step ${i} of ${events.length}: ${wrong}`);
    }
  }
  return { images: cuts.size * FATES.length, losses };
}

interface Found {
  readonly revision: number;
  readonly digest: string;
}

function mistakeIn(
  found: Found | string,
  promised: number,
  digests: ReadonlyMap<number, string>,
): string | undefined {
  if (typeof found === "string") return found;
  const { revision, digest } = found;
  if (revision < promised) return `the head is ${revision}, and ${promised} was answered`;
  if (digest !== digests.get(revision)) return `revision ${revision} has another digest`;
  return undefined;
}

/** What the program's own store finds, or why it does not open it. */
function opened(
  files: ReadonlyMap<string, Buffer>,
  database: string,
  { directory, scratch }: ReplayParts,
): Found | string {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(dirname(join(scratch, database)), { recursive: true });
  for (const [path, content] of files) {
    writeFileSync(join(scratch, relative(directory, path)), content);
  }
  try {
    const connection = openConnection({ file: join(scratch, database), newClusterId: "new" });
    try {
      const records = createEngine(connection).load();
      const sound = soundStateOf(records);
      if ("broken" in sound) return `it is broken: ${sound.broken}`;
      return { revision: records.revision, digest: formatDigest(records.digest) };
    } finally {
      connection.close();
    }
  } catch (error) {
    return `it is not opened: ${(error as Error).message}`;
  }
}

/** Of each revision, as the store has it in the end. */
function digestsOf(file: string): Map<number, string> {
  const connection = openConnection({ file, newClusterId: "new" });
  const engine = createEngine(connection);
  const { revision: head } = engine.load();
  const revisions = Array.from({ length: head + 1 }, (_, i) => i);
  const digests = revisions.map((revision) => {
    return [revision, formatDigest(engine.tablesAt(revision)!.digest)] as const;
  });
  connection.close();
  return new Map(digests);
}

function answersAt({ events }: Pick<Recording, "events">): number[] {
  return events.flatMap((event, i) => (event.kind === "answer" ? [i] : []));
}

function cutsOf(length: number, answers: readonly number[], count: number, random: Random) {
  const cuts = new Set<number>();
  const wanted = Math.min(count, length);
  while (cuts.size < wanted) {
    cuts.add(random.chance(0.5) ? random.pick(answers) : random.below(length));
  }
  return cuts;
}
