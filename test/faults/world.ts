/** A whole system on loopback: the service's real parts, twenty receivers, and their logs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { Position } from "../../src/core/delivery-record.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { Random } from "../support/random.ts";
import { firstState, rowsOf, SECRET } from "./changes.ts";
import { Flights } from "./flights.ts";
import { FaultyReceiver } from "./receiver.ts";
import { FaultService } from "./service.ts";
import { type Committed, VALIDATORS } from "./validators.ts";
import { VirtualClock } from "./virtual-clock.ts";

const RECEIVERS = 20;

export class World {
  readonly clock = new VirtualClock();
  readonly flights = new Flights();
  readonly receivers: readonly FaultyReceiver[];
  readonly service: FaultService;
  readonly mistakes: string[];
  readonly #directory: string;
  readonly #committed: Map<string, Committed>;

  /** All receivers have the first state. */
  static async start(seed: number): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-faults-"));
    const world = await World.#build(seed, directory);
    await world.service.commit(firstState(world.#callbacks(), new Random(seed)));
    await world.service.begin();
    await world.flights.untilQuiet();
    return world;
  }

  static async #build(seed: number, directory: string): Promise<World> {
    const [clock, flights] = [new VirtualClock(), new Flights()];
    const receivers = Array.from({ length: RECEIVERS }, (_, i) => {
      const id = `s-${String(i + 1).padStart(2, "0")}` as StorageServerId;
      const random = new Random(seed * 1000 + i);
      return new FaultyReceiver({ id, directory, clock, random, holder: flights });
    });
    const [mistakes, committed] = [[] as string[], new Map<string, Committed>()];
    const byId = new Map<string, FaultyReceiver>(receivers.map((one) => [one.id, one]));
    let before: ClusterState | undefined;
    const service = await FaultService.open({
      ...{ directory, clock, flights, random: new Random(seed + 1) },
      logOf: (id) => byId.get(id)!.log,
      onMistake: (mistake) => mistakes.push(mistake),
      onHead: (head) => {
        committed.set(keyOf(positionOf(head)), contentOf(head));
        for (const { key } of before?.storageServers.differences(head.storageServers) ?? []) {
          byId.get(key)!.log.add({ kind: "registered" });
        }
        before = head;
      },
    });
    await service.listen();
    for (const receiver of receivers) {
      await receiver.layer.listen();
      // Who has not been started yet says so, and is tried again.
      await receiver.start({
        ...{ serviceUrl: service.url, signingSecrets: [SECRET] },
        // A receiver reports at its start and never again: a later report would hide that the
        // service has forgotten somebody.
        clock: { now: () => clock.now(), after: () => () => {} },
      });
    }
    return new World({ clock, flights, receivers, service, mistakes, directory, committed });
  }

  private constructor(parts: {
    clock: VirtualClock;
    flights: Flights;
    receivers: readonly FaultyReceiver[];
    service: FaultService;
    mistakes: string[];
    directory: string;
    committed: Map<string, Committed>;
  }) {
    this.clock = parts.clock;
    this.flights = parts.flights;
    this.receivers = parts.receivers;
    this.service = parts.service;
    this.mistakes = parts.mistakes;
    this.#directory = parts.directory;
    this.#committed = parts.committed;
  }

  /** Lets time pass, and everything happen that does within it. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    do await this.flights.untilQuiet();
    while (this.clock.step(end));
  }

  /** Lets time pass until `done`, for `ms` at most; whether it is. */
  async passUntil(done: () => boolean, ms: number): Promise<boolean> {
    const end = this.clock.now() + ms;
    for (;;) {
      await this.flights.untilQuiet();
      if (done()) return true;
      if (!this.clock.step(end)) return false;
    }
  }

  /** Those that do not have the head, or have not heard that it is settled. */
  unfinished(): string[] {
    const { state, pusher } = this.service;
    const head = positionOf(state);
    const digest = formatDigest(state.digest);
    return this.receivers.flatMap(({ id, agent }) => {
      const position = agent.position();
      const settled = position.settledRevision === head.revision;
      const there = keyOf(position) === keyOf(head) && position.digest === digest;
      const delivery = pusher?.delivery(id);
      if (there && settled && delivery?.state === "current") return [];
      const words = `${id} is at ${keyOf(position)}, settled ${position.settledRevision}`;
      return [`${words}, not ${keyOf(head)}: ${delivery?.state}, ${delivery?.lastError}`];
    });
  }

  /** What is wrong with the logs and files of all receivers. */
  async wrong(): Promise<string[]> {
    const wrong = [...this.mistakes];
    const committedAt = (position: Position) => this.#committed.get(keyOf(position));
    for (const receiver of this.receivers) {
      for (const [name, validate] of Object.entries(VALIDATORS)) {
        const mistake = validate(receiver.log.entries, committedAt);
        if (mistake) wrong.push(`${name}: ${receiver.id}: ${mistake}`);
      }
      const mistake = await receiver.fileMistake();
      if (mistake) wrong.push(mistake);
    }
    return wrong;
  }

  async close(): Promise<void> {
    await this.service.kill();
    for (const receiver of this.receivers) await receiver.close();
    await this.service.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #callbacks(): Map<string, string> {
    return new Map(this.receivers.map(({ id, layer }) => [id, layer.url]));
  }
}

const keyOf = ({ generation, revision }: Position) => `${generation}.${revision}`;

function positionOf({ generation, distributedRevision }: ClusterState): Position {
  return { generation, revision: distributedRevision };
}

function contentOf(state: ClusterState): Committed {
  const rows = rowsOf((volumeId) => state.volumes.get(volumeId)?.map.ranges() ?? []);
  return { digest: formatDigest(state.digest), rows };
}
