/** No acknowledged write is lost when the power fails; with `synchronous=NORMAL` some are. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { temporaryDirectory } from "../support/service.ts";
import { replay } from "./images.ts";
import { record } from "./recording.ts";

/** For each of both ways to write. */
const IMAGES = Number(process.env.POWER_LOSS_IMAGES ?? 750);
const TIME_MS_MAX = 120_000 + IMAGES * 1000;

async function replayed(synchronous: "FULL" | "NORMAL") {
  const [directory, scratch] = [temporaryDirectory(), join(temporaryDirectory(), "image")];
  const recording = await record(directory, synchronous);
  const outcome = replay(recording, { seed, images: IMAGES, directory, scratch });
  const steps = recording.events.length;
  const told = `${outcome.losses.length} of ${outcome.images} images of ${steps} steps lost writes`;
  console.log(`synchronous=${synchronous}, seed ${seed}: ${told}`);
  return outcome.losses;
}

it("keeps every acknowledged write when the power fails", { timeout: TIME_MS_MAX }, async () => {
  expect(await replayed("FULL")).toEqual([]);
});

it("would lose some with synchronous=NORMAL", { timeout: TIME_MS_MAX }, async () => {
  expect(await replayed("NORMAL")).not.toEqual([]);
});
