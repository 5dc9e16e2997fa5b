/** What is known at any moment, worked out when somebody reads: never from the ranges. */
import { Gauge, type Registry } from "prom-client";
import type { ClusterState } from "../core/cluster-state.ts";
import type { DeliveryState } from "../core/delivery-state.ts";
import { clusterImbalance } from "../core/imbalance.ts";

export interface Figures {
  readonly state: () => ClusterState;
  readonly settledRevision: () => number;
  readonly deliveryCounts: () => Partial<Record<DeliveryState, number>>;
  /** Writes that wait for the transaction under way to end. */
  readonly waitingWrites: () => number;
  /** Requests that are being worked on. */
  readonly runningRequests: () => number;
  /** Of the store's files, by what they are. */
  readonly storeBytes: () => Promise<Readonly<Record<string, number>>>;
}

/** All of them, so that a state that nobody is in is told as 0. */
const DELIVERY_STATES: Readonly<Record<DeliveryState, true>> = {
  ...{ current: true, behind: true, parked: true, dormant: true, gone: true, ahead: true },
};

export function stateMetrics(register: Registry, figures: Figures): void {
  const { state } = figures;
  const one = (name: string, help: string, value: () => number) =>
    gauge(register, name, { help, values: () => [[{}, value()]] });
  one("evenkeel_revision", "The store's head", () => state().revision);
  one(
    "evenkeel_distributed_revision",
    "The last revision that changed what storage servers are sent",
    () => state().distributedRevision,
  );
  one(
    "evenkeel_settled_revision",
    "Addresses that came up to this revision may be served",
    figures.settledRevision,
  );
  one("evenkeel_generation", "The generation of the revisions", () => state().generation);
  one(
    "evenkeel_imbalance_ratio",
    "Load of the busiest process over the mean, by the load model",
    oncePerState(state, clusterImbalance),
  );
  one("evenkeel_links_assigned", "Links that an R-node holds", () => state().linkAssignments.size);
  gauge(register, "evenkeel_links", {
    help: "Links that are up, and down",
    label: "state",
    values: () => {
      const up = [...state().links.values()].filter((link) => link.state === "up").length;
      return [
        [{ state: "up" }, up],
        [{ state: "down" }, state().links.size - up],
      ];
    },
  });
  gauge(register, "evenkeel_storage_servers", {
    help: "Storage servers by delivery state",
    label: "state",
    values: () => {
      const counts = figures.deliveryCounts();
      const states = Object.keys(DELIVERY_STATES) as DeliveryState[];
      return states.map((each) => [{ state: each }, counts[each] ?? 0]);
    },
  });
  one(
    "evenkeel_http_requests_running",
    "Requests that are being worked on; what waits on purpose is not counted",
    figures.runningRequests,
  );
  one(
    "evenkeel_writes_waiting",
    "Writes that wait for the transaction under way to end",
    figures.waitingWrites,
  );
  gauge(register, "evenkeel_store_size_bytes", {
    help: "Size of the store's files: the database, and its write-ahead log",
    label: "file",
    values: async () =>
      Object.entries(await figures.storeBytes()).map(([file, bytes]) => [{ file }, bytes]),
  });
}

type Values = [labels: Record<string, string>, value: number][];

interface GaugeDescription {
  readonly help: string;
  readonly label?: string;
  readonly values: () => Values | Promise<Values>;
}

function gauge(register: Registry, name: string, { help, label, values }: GaugeDescription): void {
  new Gauge({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [register],
    async collect() {
      for (const [labels, value] of await values()) this.set(labels, value);
    },
  });
}

/** What follows from the state alone is worked out when that has changed. */
function oncePerState<T>(state: () => ClusterState, work: (state: ClusterState) => T): () => T {
  let known: { readonly state: ClusterState; readonly value: T } | undefined;
  return () => {
    const present = state();
    if (known?.state !== present) known = { state: present, value: work(present) };
    return known.value;
  };
}
