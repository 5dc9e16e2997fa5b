/** Wires all parts explicitly; starts them in order and closes them in reverse. */
import type { Logger } from "pino";
import { BackupDirectory } from "./backup/directory.ts";
import type { Config } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import type { ClusterState } from "./core/cluster-state.ts";
import { Digester } from "./digester/digester.ts";
import { EventStreams, type EventStreamsParts } from "./events/event-streams.ts";
import { FromFiles } from "./from-files.ts";
import { type App, type AppParts, buildApp } from "./http/app.ts";
import { Load, type LoadBounds } from "./http/load.ts";
import { allEndpoints } from "./http/routes/index.ts";
import { Listening, listen } from "./listening.ts";
import { loadState } from "./load-state.ts";
import { createMetrics } from "./metrics/metrics.ts";
import type { Registry } from "./metrics/registry.ts";
import { openStore, storeBytes } from "./open-store.ts";
import { AuditLog } from "./operations/audit-log.ts";
import { Backups } from "./operations/backups.ts";
import { CommitQueue } from "./operations/commit-queue.ts";
import { HistoryKeeper } from "./operations/history-keeper.ts";
import { LoadBook } from "./operations/load-book.ts";
import { takesLong } from "./planner/planner.ts";
import { createPusher, type Pusher, type PusherParts } from "./push/pusher.ts";
import { createTransport } from "./push/transport.ts";
import { Reach } from "./reach.ts";
import { routeParts } from "./route-parts.ts";
import { shareStore } from "./share-store.ts";
import { Threads } from "./threads/threads.ts";
import { readPushCertificates, readTls, rereadTls } from "./tls.ts";
import { readTokens } from "./tokens.ts";
import { warnOfConfiguration } from "./warnings.ts";

/** What runs when the service closes gets so long to end; with the pusher's, within 10 s. */
const CONNECTION_GRACE_MS = 3_000;

/** How much is taken on and held open at once; beyond, callers are asked to come again. */
export type Bounds = Pick<PusherParts, "waitingPullsMax" | "snapshotReadsMax"> &
  Pick<EventStreamsParts, "eventStreamsMax"> &
  LoadBounds &
  Pick<AppParts, "connectionsMax">;

export interface ServiceParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  /** Called when the store has failed in a way that only a restart can clear. */
  readonly onFailure: (error: Error) => void;
  /** Other bounds than those of the program; tests name them. */
  readonly bounds?: Bounds;
  /** Where the metrics are kept; by default in a registry that knows of nothing else. */
  readonly registry?: Registry;
  /** Where the compiled program is, for its threads; tests that run from source name it. */
  readonly programRoot?: URL;
}

export interface Service {
  readonly app: App;
  /** Listens and begins to push; answers with the address, as `http://127.0.0.1:8080`. */
  start(): Promise<string>;
  /** Reads the files of tokens and certificates again; bad ones change nothing. */
  reread(): void;
  close(): Promise<void>;
}

export async function createService(parts: ServiceParts): Promise<Service> {
  const { config, logger, clock, onFailure } = parts;
  const { tokensFile } = config;
  const tokens = tokensFile ? new FromFiles("tokens", () => readTokens(tokensFile)) : undefined;
  const tls = config.tls && readTls(config.tls);
  const { pushTls } = config;
  const pushCertificates = pushTls
    ? new FromFiles("push certificates", () => readPushCertificates(pushTls))
    : undefined;
  const programRoot = parts.programRoot ?? new URL("./", import.meta.url);
  const store = await openStore({ database: config.database, onFailure, programRoot });
  const threads = new Threads(programRoot, clock);
  const state = await loadState(store);
  const { generation, revision } = state;
  logger.info({ generation, revision }, "the store is sound");
  const load = new Load({ ...parts.bounds, areTablesLarge: () => takesLong(commits.state) });
  const metrics = createMetrics(
    {
      state: () => commits.state,
      settledRevision: () => pusher.head.settledRevision,
      deliveryCounts: () => pusher.deliveryCounts(),
      waitingWrites: () => commits.waitingCount,
      runningRequests: () => load.running,
      storeBytes: () => storeBytes(config.database),
      now: () => clock.now(),
      distributedRevision: state.distributedRevision,
    },
    parts.registry,
  );
  // Apart from the others, which end before the last write is done.
  const digestThreads = new Threads(programRoot, clock);
  const digester = new Digester({
    threads: digestThreads,
    onLost: (error) => logger.error({ err: error }, "a digest was made without threads"),
  });
  const commits: CommitQueue = new CommitQueue({
    store,
    state,
    now: () => clock.now(),
    digestOf: (maps) => digester.digestOf(maps),
    onBatch: (batch) => metrics.committedBatch(batch),
    onCommitted: (head) => {
      metrics.convergence.committed(head);
      pusher.headChanged(head);
      reach.check();
      history.wake();
      events.wake();
    },
  });
  const reach = new Reach({
    clock,
    revision: () => commits.state.revision,
    onWaiting: () => sharing?.wake(),
  });
  const history = new HistoryKeeper({
    store,
    limits: config.historyLimits,
    clock,
    floorRevision: await store.floorRevision(),
    isMine: () => sharing === undefined || sharing.distributes,
    onError: (error) => logger.error({ err: error }, "the history could not be pruned"),
  });
  const audit = new AuditLog({
    store,
    clock,
    onLost: (count, error) => logger.error({ err: error, count }, "calls missing in the audit"),
  });
  const backups = new Backups({
    store,
    directory: backupDirectoryOf(config, state),
    threads: new Threads(programRoot, clock),
    now: () => clock.now(),
  });
  const loads = new LoadBook(store, await store.loads());
  const publicUrl = new Listening(config.publicUrl);
  const transport = createTransport({
    policy: config.callbackPolicy,
    clock,
    certificates: () => pushCertificates?.current ?? {},
  });
  const pusherParts: PusherParts = {
    store,
    transport,
    clock,
    random: parts.random,
    ...parts.bounds,
    log: logger.child({ part: "push" }),
    committed: () => commits.state,
    floorRevision: () => history.floorRevision,
    publicUrl: () => publicUrl.known,
    observer: {
      pushed: (pushed) => metrics.pushed(pushed),
      converged: (revision) => metrics.convergence.converged(revision),
    },
  };
  const sharing =
    store.shared &&
    shareStore(
      { ...{ shared: store.shared, commits, loads, clock, logger, onFailure }, history },
      pusherParts,
    );
  const pusher: Pusher = sharing?.pusher ?? createPusher(pusherParts);
  const events = new EventStreams({
    store,
    clock,
    log: logger.child({ part: "events" }),
    ...parts.bounds,
    head: () => {
      const { generation, distributedRevision: revision } = commits.state;
      return { generation, revision, floorRevision: history.floorRevision };
    },
  });
  const ageSeconds = () => sharing?.ageSeconds;
  const engine = { store, commits, loads, backups, pusher, events, threads, metrics, ageSeconds };
  const app = await buildApp({
    endpoints: allEndpoints(routeParts(parts, engine)),
    state: () => commits.state,
    tokens: () => tokens?.current,
    audit: (entry) => audit.record(entry),
    store,
    now: () => clock.now(),
    reach: (revision) => reach.until(revision),
    ageSeconds,
    clock,
    load,
    connectionsMax: parts.bounds?.connectionsMax,
    logger,
    tls,
    onConnectionRefused: () => metrics.connectionRefused(),
    onAnswered: (answered) => metrics.answered(answered),
    onClosing: () => {
      reach.close();
      pusher.stopWaiting();
      events.close();
    },
  });
  return {
    app,
    start: async () => {
      await sharing?.start();
      await pusher.start(commits.state);
      history.wake();
      const address = await listen(app, config);
      publicUrl.is(address);
      warnOfConfiguration(config, logger);
      return address;
    },
    reread: () => {
      tokens?.reread(logger);
      pushCertificates?.reread(logger);
      if (config.tls) rereadTls(app.server, config.tls, logger);
    },
    close: async () => {
      // A connection that never completes its request must not hold up the end.
      const cancel = clock.after(CONNECTION_GRACE_MS, () => app.server.closeAllConnections());
      await app.close().finally(cancel);
      await threads.close();
      await commits.drain();
      await digestThreads.close();
      await audit.close();
      await history.close();
      await pusher.close();
      await sharing?.close();
      await transport.close();
      await store.close();
      await backups.close();
    },
  };
}

function backupDirectoryOf(
  { backupDirectory: path }: Config,
  { clusterId }: ClusterState,
): BackupDirectory | undefined {
  return path === undefined ? undefined : new BackupDirectory({ path, clusterId });
}
