/** One random history from a seed: what goes wrong in it, in words. */
import { Random } from "../support/random.ts";
import { randomChange } from "./changes.ts";
import { ACCIDENTS, type Accident } from "./receiver.ts";
import { World } from "./world.ts";

const STEPS = 16;
/** The longest pause between two attempts, twice. */
const CONVERGES_WITHIN_MS = 2 * 60_000;
const DORMANT_AFTER_MS = 11 * 60_000;

export interface Outcome {
  readonly mistakes: readonly string[];
  /** How often each fault was met. */
  readonly met: ReadonlyMap<string, number>;
}

export async function runHistory(seed: number): Promise<Outcome> {
  const world = await World.start(seed);
  try {
    const random = new Random(seed + 2);
    const met = new Map<string, number>();
    // In turn, so that a few histories have all of them.
    let accidents = seed;
    for (const { layer } of world.receivers) layer.probability = random.fraction() * 0.6;
    for (let i = 0; i < STEPS; i++) {
      const name = await randomStep(world, random, ACCIDENTS[accidents % ACCIDENTS.length]!);
      if (ACCIDENTS.some((accident) => accident === name)) accidents++;
      met.set(name, (met.get(name) ?? 0) + 1);
    }
    for (const { layer } of world.receivers) {
      layer.probability = 0;
      layer.cutOff = undefined;
      for (const [fault, count] of layer.met) met.set(fault, (met.get(fault) ?? 0) + count);
    }
    const done = await world.passUntil(
      () => world.unfinished().length === 0 || world.mistakes.length > 0,
      CONVERGES_WITHIN_MS,
    );
    const late = done ? [] : world.unfinished().map((words) => `never converged: ${words}`);
    return { mistakes: [...(await world.wrong()), ...late], met };
  } finally {
    await world.close();
  }
}

async function randomStep(world: World, random: Random, accident: Accident): Promise<string> {
  const { service, clock, receivers, flights } = world;
  const dice = random.fraction();
  const receiver = random.pick(receivers);
  if (dice < 0.4) {
    await service.commit(randomChange(random, clock.now()));
    // Half of the time the next step comes while messages are on their way.
    if (random.chance(0.5)) await flights.untilQuiet();
    return "change";
  }
  if (dice < 0.48) {
    const changes = Array.from({ length: 4 }, () => randomChange(random, clock.now()));
    for (const change of changes) await service.commit(change);
    return "burst";
  }
  await flights.untilQuiet();
  if (dice < 0.7) {
    await world.pass(random.pick([100, 1000, 10_000, 60_000]));
    return "time passes";
  }
  if (dice < 0.75) {
    receiver.layer.cutOff = random.pick(["silent", "broken"]);
    // A change sees to it that there is something to be sent meanwhile.
    await service.commit(randomChange(random, clock.now()));
    if (random.chance(0.5)) await world.pass(DORMANT_AFTER_MS);
    return "cut off";
  }
  if (dice < 0.79) {
    for (const each of receivers) each.backUp();
    return "backup";
  }
  if (dice < 0.92) {
    await receiver.meet(accident);
    await flights.untilQuiet();
    return accident;
  }
  await service.kill();
  // Between the commit and the first push.
  if (random.chance(0.7)) await service.commit(randomChange(random, clock.now()));
  for (const { log } of receivers) log.add({ kind: "service began anew" });
  await service.begin();
  return "service killed";
}
