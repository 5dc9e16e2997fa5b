/** What the calls work with, made of what runs behind them. */
import { randomBytes } from "node:crypto";
import type { Config } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import type { ClusterState } from "./core/cluster-state.ts";
import { deliveryView, freshDelivery, headOf, isUnreachable } from "./core/delivery-state.ts";
import type { StorageServerId } from "./core/model.ts";
import type { EventStreams } from "./events/event-streams.ts";
import type { RouteParts } from "./http/parts.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { Backups } from "./operations/backups.ts";
import type { CommitQueue } from "./operations/commit-queue.ts";
import type { LoadBook } from "./operations/load-book.ts";
import { Turns } from "./operations/turns.ts";
import { Planner } from "./planner/planner.ts";
import type { Pusher } from "./push/pusher.ts";
import type { Store } from "./store/store.ts";
import type { Threads } from "./threads/threads.ts";

/** Of a server that the pusher has not taken up. */
const NOTHING_KNOWN = { settledRevision: 0, floorRevision: 0 };

/** What runs behind the calls. */
export interface Engine {
  readonly store: Store;
  readonly commits: CommitQueue;
  readonly loads: LoadBook;
  readonly backups: Backups;
  readonly pusher: Pusher;
  readonly events: EventStreams;
  readonly threads: Threads;
  readonly metrics: Metrics;
  readonly ageSeconds: () => number | undefined;
}

export function routeParts(
  { config, clock }: { readonly config: Config; readonly clock: Clock },
  { store, commits, loads, backups, pusher, events, threads, metrics, ageSeconds }: Engine,
): RouteParts {
  const state = () => commits.state;
  return {
    state,
    store,
    commits,
    loads,
    backups,
    threads,
    metrics,
    ageSeconds,
    turns: new Turns(),
    planner: new Planner(threads),
    callbackPolicy: config.callbackPolicy,
    now: () => clock.now(),
    randomBytes,
    delivery: {
      unreachable: () => unreachableServers(state(), pusher),
      registeredAgain: (id) => pusher.registeredAgain(id),
      state: (id) => pusher.delivery(id)?.state,
      acknowledged: (id) => pusher.acknowledged(id),
      reported: (id, report) => pusher.reported(id, report),
      retry: (id) => pusher.retry(id),
    },
    distribution: {
      delivery: (server) =>
        pusher.delivery(server.id) ??
        deliveryView(freshDelivery(server, clock.now()), headOf(state(), NOTHING_KNOWN)),
      deliveryCounts: () => pusher.deliveryCounts(),
      progress: (revision) => pusher.progress(revision),
      settledRevision: () => pusher.head.settledRevision,
      pull: (id, position, wait) => pusher.pull(id, position, wait),
      readSnapshot: (of, reader) => pusher.readSnapshot(of, reader),
      events: (after) => events.open(after),
      waitUntilConverged: (revision, timeoutMs, signal) =>
        pusher.waitUntilConverged(revision, timeoutMs, signal),
    },
  };
}

function unreachableServers(state: ClusterState, pusher: Pusher): ReadonlySet<StorageServerId> {
  const ids = [...state.storageServers.keys()];
  return new Set(
    ids.filter((id) => {
      const delivery = pusher.delivery(id);
      return delivery !== undefined && isUnreachable(delivery.state);
    }),
  );
}
