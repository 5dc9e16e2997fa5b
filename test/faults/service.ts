/**
 * The service's side of a history: the real store, commit queue, history, pusher and transport,
 * with the pusher in lives that end at any moment. What it sends and is told goes into the logs.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { StorageServerId } from "../../src/core/model.ts";
import { restoreState } from "../../src/core/stored-state.ts";
import { CommitQueue } from "../../src/operations/commit-queue.ts";
import { HistoryKeeper } from "../../src/operations/history-keeper.ts";
import { createPusher, type Pusher } from "../../src/push/pusher.ts";
import { openSqliteStore } from "../../src/store/sqlite/open.ts";
import type { Store } from "../../src/store/store.ts";
import type { Random } from "../support/random.ts";
import { programRoot } from "../support/service.ts";
import type { Change } from "./changes.ts";
import type { Flights } from "./flights.ts";
import type { Log } from "./log.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import { WatchedTransport } from "./watched-transport.ts";

const quiet = { isLevelEnabled: () => false, debug() {}, info() {}, warn() {}, error() {} };
/** So few that who is away for long is behind the history. */
const HISTORY = { revisionsMax: 12, bytesMax: 1e9 };

export interface ServiceParts {
  readonly directory: string;
  readonly clock: VirtualClock;
  readonly flights: Flights;
  readonly random: Random;
  readonly logOf: (id: string) => Log;
  readonly onMistake: (mistake: string) => void;
  /** Called with every head, before anybody is sent it. */
  readonly onHead: (head: ClusterState) => void;
}

interface Life {
  readonly pusher: Pusher;
  readonly end: () => Promise<void>;
}

export class FaultService {
  readonly #parts: ServiceParts;
  readonly #store: Store;
  readonly #commits: CommitQueue;
  readonly #history: HistoryKeeper;
  readonly #reports: Server;
  #life: Life | undefined;

  static async open(parts: ServiceParts): Promise<FaultService> {
    const store = await openSqliteStore({
      ...{ file: join(parts.directory, "evenkeel.db"), newClusterId: "faults" },
      workerUrl: new URL("store/sqlite/worker.js", programRoot),
    });
    return new FaultService(parts, store, restoreState(await store.load()));
  }

  private constructor(parts: ServiceParts, store: Store, state: ClusterState) {
    this.#parts = parts;
    const { flights, clock } = parts;
    this.#store = {
      ...store,
      changesBetween: (from, to) => flights.work(store.changesBetween(from, to)),
      recordDeliveries: (...batch) => flights.work(store.recordDeliveries(...batch)),
      prune: (...step) => flights.work(store.prune(...step)),
    };
    this.#history = new HistoryKeeper({
      ...{ store: this.#store, limits: HISTORY, floorRevision: 0 },
      // No plans grow old here, for which it would look once an hour.
      clock: { now: () => clock.now(), after: () => () => {} },
      onError: (error) => parts.onMistake(`the history cannot be pruned: ${error}`),
    });
    this.#commits = new CommitQueue({
      ...{ store, state, now: () => clock.now() },
      onCommitted: (head) => this.#committed(head),
    });
    this.#reports = createServer((request, response) => {
      const answered = flights.work(this.#report(request));
      void answered.then((body) => {
        response.writeHead(body ? 200 : 503, { "content-type": "application/json" });
        response.end(JSON.stringify(body ?? {}));
      });
    });
  }

  get state(): ClusterState {
    return this.#commits.state;
  }

  get pusher(): Pusher | undefined {
    return this.#life?.pusher;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#reports.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#reports.listen(0, "127.0.0.1", resolve));
  }

  async commit(change: Change): Promise<void> {
    const decide = (state: ClusterState) => ({ state: change(state), answer: undefined });
    const submitted = this.#commits.submit({ kind: "change", actor: "test", decide });
    await this.#parts.flights.work(submitted);
  }

  /** A pusher on what is durable. */
  async begin(): Promise<void> {
    const { random, flights } = this.#parts;
    let ended = false;
    // The timers of a life that has ended ring for nobody.
    const clock = {
      now: () => this.#parts.clock.now(),
      after: (delayMs: number, callback: () => void) =>
        this.#parts.clock.after(delayMs, () => ended || callback()),
    };
    const floorRevision = () => this.#history.floorRevision;
    const head = () => this.state;
    const transport = new WatchedTransport({ ...this.#parts, clock, floorRevision, head });
    const pusher = createPusher({
      ...{ store: this.#store, transport, clock, floorRevision, log: quiet },
      random: random.fraction,
      publicUrl: async () => this.url,
    });
    const end = () => {
      ended = true;
      return transport.close();
    };
    this.#life = { pusher, end };
    await flights.work(pusher.start(this.state));
  }

  /** As with `kill -9`: nothing of the pusher happens any more, and its connections break. */
  async kill(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    await life?.end();
  }

  async close(): Promise<void> {
    await this.kill();
    await new Promise((resolve) => {
      this.#reports.close(resolve);
      this.#reports.closeAllConnections();
    });
    await this.#commits.drain();
    await this.#history.close();
    await this.#store.close();
  }

  #committed(head: ClusterState): void {
    this.#parts.onHead(head);
    this.#life?.pusher.headChanged(head);
    this.#history.wake();
  }

  async #report(request: IncomingMessage): Promise<object | undefined> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const report = JSON.parse(Buffer.concat(pieces).toString());
    const id = request.url!.split("/")[3] as StorageServerId;
    const { pusher } = this;
    if (!pusher?.delivery(id)) return undefined;
    this.#parts.logOf(id).add({ kind: "reported", report, head: this.state });
    const { generation, revision, settledRevision } = await pusher.reported(id, report);
    const upToDate = generation === report.generation && revision === report.revision;
    return { generation, revision, settledRevision, upToDate };
  }
}
