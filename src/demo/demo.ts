/** A service on a temporary store and a simulated source system, from start to end. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { readConfig } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import { createService, type Service } from "../service.ts";
import { type Cluster, ServiceCalls } from "../simulator/service-calls.ts";
import { SourceSystem } from "../simulator/source-system.ts";
import type { DemoOptions } from "./options.ts";
import { type Chapter, type Story, tellStory } from "./story.ts";

export interface DemoParts {
  readonly options: DemoOptions;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly tell: (chapter: Chapter, first: Chapter) => void;
}

export async function runDemo(parts: DemoParts): Promise<Story> {
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-demo-"));
  try {
    return await onService(parts, directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function onService(parts: DemoParts, directory: string): Promise<Story> {
  const service = await createService({
    ...parts,
    config: readConfig({ DATABASE_URL: `sqlite:${join(directory, "evenkeel.db")}`, PORT: "0" }),
    logger: pino({ level: "silent" }),
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    return await onSystem(parts, directory, service);
  } finally {
    await service.close();
  }
}

async function onSystem(parts: DemoParts, directory: string, service: Service): Promise<Story> {
  const { options, clock, random, tell } = parts;
  const calls = new ServiceCalls(await service.start());
  const changes = new Changes();
  const system = await SourceSystem.start({
    ...{ layout: options.layout, service: calls, directory, clock, random },
    onChange: () => changes.happened(),
  });
  let first: Chapter | undefined;
  try {
    const stage = {
      system,
      service: calls,
      settled: () => untilSettled(system, calls, changes),
      tell: (chapter: Chapter) => {
        first ??= chapter;
        tell(chapter, first);
      },
    };
    return await tellStory(stage, options);
  } finally {
    await system.close();
  }
}

/** Until every server is at the head, and knows that all of it is settled. */
async function untilSettled(
  system: SourceSystem,
  service: ServiceCalls,
  changes: Changes,
): Promise<Cluster> {
  const head = await service.headRevision();
  for (;;) {
    const next = changes.next();
    const positions = system.servers.map(({ agent }) => agent.position());
    const isThere = positions.every(
      ({ revision, settledRevision }) => revision >= head && settledRevision >= head,
    );
    if (isThere) return service.cluster();
    await next;
  }
}

/** Lets those who wait know that a storage server has something new. */
class Changes {
  #resolve = (): void => {};
  #next: Promise<void> | undefined;

  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#next;
  }

  happened(): void {
    this.#next = undefined;
    this.#resolve();
  }
}
