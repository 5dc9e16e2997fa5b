/** All calls of the API, in the order in which the document shows them. */
import type { Endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { a2cEndpoints } from "./a2c.ts";
import { auditEndpoint } from "./audit.ts";
import { backupEndpoints } from "./backups.ts";
import { clusterEndpoints } from "./cluster.ts";
import { distributionEndpoints } from "./distribution.ts";
import { eventsEndpoint } from "./events.ts";
import { healthEndpoints } from "./health.ts";
import { linkAssignmentEndpoints } from "./link-assignments.ts";
import { linkEndpoints } from "./links.ts";
import { metricsEndpoint } from "./metrics.ts";
import { processEndpoints } from "./processes.ts";
import { rebalanceChangeEndpoints } from "./rebalance-changes.ts";
import { rebalanceEndpoints } from "./rebalances.ts";
import { revisionEndpoints } from "./revisions.ts";
import { storageServerCredentialEndpoints } from "./storage-server-credentials.ts";
import { storageServerInterventionEndpoints } from "./storage-server-interventions.ts";
import { storageServerEndpoints } from "./storage-servers.ts";
import { topologyEndpoints } from "./topology.ts";
import { volumeEndpoints } from "./volumes.ts";

export function allEndpoints(parts: RouteParts): Endpoint[] {
  return [
    ...topologyEndpoints(parts),
    ...storageServerEndpoints(parts),
    ...storageServerCredentialEndpoints(parts),
    ...storageServerInterventionEndpoints(parts),
    ...processEndpoints(parts),
    ...linkEndpoints(parts),
    ...volumeEndpoints(parts),
    ...clusterEndpoints(parts),
    ...a2cEndpoints(parts),
    ...linkAssignmentEndpoints(parts),
    ...revisionEndpoints(parts),
    ...rebalanceEndpoints(parts),
    ...rebalanceChangeEndpoints(parts),
    ...distributionEndpoints(parts),
    eventsEndpoint(parts),
    auditEndpoint(parts),
    ...backupEndpoints(parts),
    ...healthEndpoints(parts),
    metricsEndpoint(parts),
  ];
}
