/** Where metrics are kept: one registry a service, and none that everybody shares. */
import { collectDefaultMetrics, Registry } from "prom-client";

/** Of prom-client's own: they are worked out from every open connection, at each reading. */
const TOO_DEAR = [
  ...["nodejs_active_handles", "nodejs_active_handles_total"],
  ...["nodejs_active_requests", "nodejs_active_requests_total"],
  ...["nodejs_active_resources", "nodejs_active_resources_total"],
];

export type { Registry };

/** With the metrics of the process, which watch it until it ends: for a service that is alone. */
export function processRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of TOO_DEAR) register.removeSingleMetric(name);
  return register;
}
