/**
 * A whole system in one random history: the service's real pusher and the receivers' real state
 * machine, with messages that are delayed, lost, doubled and overtaken, files that survive a
 * crash, and a service that is killed at any point. After every step it is looked whether two
 * C-nodes serve one address; in the end, whether everybody got where he belongs.
 *
 * Messages die with the process that they were sent to, as they do with its connections.
 */
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { DeliveryAnswer } from "../../src/core/delivery-answers.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { readAnswer } from "../../src/push/answers.ts";
import type { Push } from "../../src/push/transport.ts";
import type { AddressLoss } from "../../src/store/revisions.ts";
import type { Random } from "../support/random.ts";
import { firstState } from "./changes.ts";
import { Durable } from "./durable.ts";
import { SimulatedServer } from "./server.ts";
import { ServiceLife } from "./service.ts";
import { StepClock } from "./step-clock.ts";

/** Mistakes of the parts around the code under test, planted to see that they are found out. */
export interface PlantedFaults {
  readonly settlesOnSend?: boolean;
  readonly appliesWithoutPersisting?: boolean;
  readonly readLosses?: (losses: readonly AddressLoss[]) => readonly AddressLoss[];
}

interface InFlight {
  readonly server: SimulatedServer;
  /** The server's life that it was sent to, or from. */
  readonly life: number;
  /** What happens when it arrives. */
  readonly arrive: () => void | Promise<void>;
  /** What happens when it is lost; absent: nobody waits for it. */
  readonly lose?: (() => void) | undefined;
}

export class World {
  readonly durable = new Durable();
  readonly clock = new StepClock();
  readonly random: Random;
  readonly servers: readonly SimulatedServer[];
  readonly #faults: PlantedFaults;
  #inFlight: InFlight[] = [];
  /** Absent: it is down. */
  service: ServiceLife | undefined;
  /** To whom messages went since the last commit, in order. */
  #sentTo: StorageServerId[] = [];

  constructor(random: Random, faults: PlantedFaults = {}) {
    this.random = random;
    this.#faults = faults;
    this.durable.commit(firstState(random));
    this.servers = [...this.durable.head.storageServers.keys()].map(
      (id) => new SimulatedServer(id, !faults.appliesWithoutPersisting),
    );
  }

  get isQuiet(): boolean {
    return this.#inFlight.length === 0 && (this.service?.writes.length ?? 0) === 0;
  }

  async startService(): Promise<void> {
    this.service = new ServiceLife({
      durable: this.durable,
      clock: this.clock,
      random: this.random,
      send: (push) => this.#send(push),
      readLosses: this.#faults.readLosses ?? ((losses) => losses),
    });
    await this.service.start();
    await drained();
  }

  killService(): void {
    for (const write of [...(this.service?.writes ?? [])]) {
      if (this.random.chance(0.5)) this.durable.record(write.records);
    }
    this.service?.kill();
    this.service = undefined;
    // What is on its way to a server may still arrive; its answer reaches nobody.
    this.#inFlight = this.#inFlight.map(({ lose: _, ...message }) => message);
  }

  /** Commits a change; answers with what is wrong about the order of what was sent. */
  async commit(change: (state: ClusterState) => ClusterState): Promise<string | undefined> {
    const before = this.durable.head;
    const wasIdle = this.isQuiet && this.#allAt(before);
    this.durable.commit(change);
    this.#sentTo = [];
    if (!this.service || this.random.chance(0.1)) this.killService();
    else this.service.hint();
    await drained();
    return wasIdle ? orderMistake(before, this.durable.head, this.#sentTo) : undefined;
  }

  /** One message arrives, is lost, comes twice, or ends its receiver. */
  async moveMessage(faulty: boolean): Promise<void> {
    const message = this.random.take(this.#inFlight);
    if (!message) return;
    const { server, life, arrive, lose } = message;
    if (server.state === undefined || server.life !== life) lose?.();
    else if (faulty && this.random.chance(0.15)) {
      lose?.();
      // Given up by who waits for it, and under way all the same.
      if (this.random.chance(0.7)) this.#inFlight.push({ server, life, arrive });
    } else {
      if (faulty && this.random.chance(0.1)) this.#inFlight.push({ server, life, arrive });
      await arrive();
    }
    await drained();
  }

  async write(): Promise<void> {
    const write = this.service?.writes.shift();
    if (write) this.service?.write(write);
    await drained();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await drained();
  }

  async report(server: SimulatedServer): Promise<void> {
    if (server.state === undefined) return;
    const report = server.report();
    const { life } = server;
    const { service } = this;
    const arrive = () => {
      if (!service || service !== this.service) return;
      void service.report(server.id, report).then((head) => {
        const news = () => server.takeNews(head);
        this.#inFlight.push({ server, life, arrive: news });
      });
    };
    this.#inFlight.push({ server, life, arrive });
  }

  async pull(server: SimulatedServer): Promise<void> {
    if (server.state === undefined || !this.service) return;
    const { life } = server;
    const body = await this.service.pull(server.id, server.report());
    if (!body) return;
    const text = Buffer.from(body).toString();
    this.#inFlight.push({ server, life, arrive: () => void server.take(text) });
    await drained();
  }

  /** Two C-nodes that serve one address. */
  twoOwners(): string | undefined {
    const owners = new Map<string, string>();
    for (const { id, served } of this.servers.map((s) => ({ id: s.id, served: s.served() }))) {
      for (const address of served) {
        const other = owners.get(address);
        if (other !== undefined) return `address ${address} is served by ${other} and ${id}`;
        owners.set(address, id);
      }
    }
    return undefined;
  }

  /** What is not as it should be when nothing goes wrong any more. */
  unfinished(): string | undefined {
    const { head } = this.durable;
    for (const server of this.servers) {
      const { generation, revision, digest } = server.report();
      const isThere = generation === head.generation && revision === head.distributedRevision;
      if (!isThere) return `${server.id} is at ${revision}, not ${head.distributedRevision}`;
      if (digest !== formatDigest(head.digest)) return `${server.id} has other content`;
    }
    return this.#unserved();
  }

  #unserved(): string | undefined {
    const { head } = this.durable;
    const served = new Map(this.servers.map((server) => [server.id, new Set(server.served())]));
    for (const [address, owner] of ownersIn(head)) {
      if (!served.get(owner)?.has(address)) return `${address} is not served by ${owner}`;
    }
    return undefined;
  }

  #allAt({ generation, distributedRevision }: ClusterState): boolean {
    return this.servers.every(
      ({ state }) => state?.generation === generation && state.revision === distributedRevision,
    );
  }

  #send(push: Push): Promise<DeliveryAnswer> {
    const id = push.serverId as StorageServerId;
    this.#sentTo.push(id);
    const server = this.servers.find((candidate) => candidate.id === id)!;
    const body = Buffer.from(push.body).toString();
    return new Promise((resolve) => {
      const lose = () => resolve({ kind: "failed", detail: "no answer" });
      const answer = (given: DeliveryAnswer) => {
        const arrive = () => resolve(given);
        this.#inFlight.push({ server, life: server.life, arrive, lose });
      };
      if (this.#faults.settlesOnSend)
        answer(appliedBefore(body, formatDigest(this.durable.head.digest)));
      const arrive = () => {
        const crash = this.random.chance(0.03)
          ? this.random.pick(["before the file", "after the file"] as const)
          : undefined;
        const given = server.take(body, crash);
        if (!given) lose();
        else {
          const { status, body: content } = given;
          answer(readAnswer({ status, body: JSON.stringify(content) }, this.clock.now()));
        }
      };
      this.#inFlight.push({ server, life: server.life, arrive, lose });
    });
  }
}

/** Lets everything that waits for nothing but promises come to rest. */
export const drained = () => new Promise((resolve) => setImmediate(resolve));

function appliedBefore(body: string, headDigest: string): DeliveryAnswer {
  const { generation, revision, digest = headDigest } = JSON.parse(body);
  return { kind: "applied", generation, revision, digest };
}

function ownersIn(state: ClusterState): Map<string, StorageServerId> {
  const homes = new Map(
    [...state.processes.values()].map(({ cNodeId, storageServerId }) => [cNodeId, storageServerId]),
  );
  const owners = new Map<string, StorageServerId>();
  for (const { id, map } of state.volumes.values()) {
    for (let lba = 0; lba < map.blockCount; lba++) {
      owners.set(`${id} ${lba}`, homes.get(map.ownerAt(lba))!);
    }
  }
  return owners;
}

/** Servers that lose addresses are pushed to first. */
function orderMistake(
  before: ClusterState,
  after: ClusterState,
  sentTo: readonly StorageServerId[],
): string | undefined {
  const now = ownersIn(after);
  const losers = new Set<StorageServerId>();
  for (const [address, owner] of ownersIn(before))
    if (now.get(address) !== owner) losers.add(owner);
  if (after.generation !== before.generation) return undefined;
  const firstOther = sentTo.findIndex((id) => !losers.has(id));
  const late = sentTo.find((id, i) => losers.has(id) && firstOther >= 0 && i > firstOther);
  return late && `${late} loses addresses and was sent them after ${sentTo[firstOther]}`;
}
