/** One random history from a seed: what goes wrong in it, in words. */
import { Random } from "../support/random.ts";
import { randomChange } from "./changes.ts";
import { type PlantedFaults, World } from "./world.ts";

const STEPS = 50;
const HEALING_STEPS_MAX = 2000;

export async function runHistory(
  seed: number,
  faults: PlantedFaults = {},
): Promise<string | undefined> {
  const random = new Random(seed);
  const world = new World(random, faults);
  await world.startService();
  for (let i = 0; i < STEPS; i++) {
    const mistake = (await randomStep(world, random)) ?? world.twoOwners();
    if (mistake) return `step ${i}: ${mistake}`;
  }
  return heal(world, random);
}

async function randomStep(world: World, random: Random): Promise<string | undefined> {
  const dice = random.fraction();
  const server = random.pick(world.servers);
  if (dice < 0.02) await rest(world);
  if (dice < 0.14) return world.commit(randomChange(random));
  if (dice < 0.62) await world.moveMessage(true);
  else if (dice < 0.76) await world.write();
  else if (dice < 0.82) await world.report(server);
  else if (dice < 0.86) await world.pull(server);
  else if (dice < 0.92) await world.pass(random.pick([100, 1000, 30_000]));
  else if (dice < 0.95) crashOrRestart(server, random);
  else if (world.service && random.chance(0.3)) world.killService();
  else if (!world.service) await world.startService();
  return undefined;
}

/** Lets what is under way arrive, so that a change comes to servers that wait for nothing else. */
async function rest(world: World): Promise<void> {
  for (let i = 0; i < 50 && !world.isQuiet; i++) {
    await world.moveMessage(false);
    await world.write();
  }
}

function crashOrRestart(server: World["servers"][number], random: Random): void {
  if (server.state === undefined) server.restart();
  else if (random.chance(0.1)) server.wipe();
  else server.crash();
}

/** Nothing goes wrong any more: everybody gets to the head, and every address is served. */
async function heal(world: World, random: Random): Promise<string | undefined> {
  if (!world.service) await world.startService();
  for (let i = 0; i < HEALING_STEPS_MAX; i++) {
    for (const server of world.servers) if (server.state === undefined) server.restart();
    const dice = random.fraction();
    if (dice < 0.55) await world.moveMessage(false);
    else if (dice < 0.8) await world.write();
    else if (dice < 0.9) await world.pass(1000);
    else await world.report(random.pick(world.servers));
    const mistake = world.twoOwners();
    if (mistake) return `healing step ${i}: ${mistake}`;
    if (world.isQuiet && world.unfinished() === undefined) return undefined;
  }
  return `never came to rest: ${world.unfinished()}`;
}
