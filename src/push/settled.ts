/** Up to where addresses that moved may be served by those who gained them. */
import type { DeliveryRecord } from "../core/delivery-record.ts";
import type { Head } from "../core/delivery-state.ts";
import { acknowledgedByAll } from "./convergence.ts";

/**
 * A lower bound of the settled revision, to be told with the head: what every storage server has
 * acknowledged in this generation, and so every one that lost something up to there. `records`
 * are those that are durable, of all registered servers.
 */
export function settledRevisionOf(records: Iterable<DeliveryRecord>, head: Head): number {
  return acknowledgedByAll(records, head);
}
