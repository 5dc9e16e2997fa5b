/** What was answered. */
import { Counter, type Registry } from "prom-client";

/** One answer. `route` is the pattern, never the path: there are as many as the document has. */
export interface Answered {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

export function requestMetrics(register: Registry) {
  const requests = new Counter({
    name: "evenkeel_http_requests_total",
    help: "Requests that were answered, or done for one who had gone; `none` is the route and method of what is not known or not HTTP",
    labelNames: ["method", "route", "status"],
    registers: [register],
  });
  const refused = new Counter({
    name: "evenkeel_http_connections_refused_total",
    help: "Connections that were closed as they came, since too many were open",
    registers: [register],
  });
  return {
    answered: ({ method, route, status }: Answered) => requests.inc({ method, route, status }),
    connectionRefused: () => refused.inc(),
  };
}
