/** What storage servers say of themselves: where they are, how their links are, how much they do. */
import { findStorageServer } from "../core/decisions/find.ts";
import { admitReport, releaseReportedLinks } from "../core/decisions/reports.ts";
import type { Report } from "../core/delivery-reports.ts";
import type { LinkId, LinkState, ProcessId, StorageServerId } from "../core/model.ts";
import { submit } from "./commit.ts";
import type { Caller, OperationParts } from "./parts.ts";

export interface ServerReport {
  readonly position: Report;
  readonly links: readonly { readonly linkId: LinkId; readonly state: LinkState }[];
  readonly processes: readonly {
    readonly processId: ProcessId;
    readonly cNodeLoad: number;
    readonly rNodeLoad: number;
  }[];
}

export interface ReportAnswer {
  readonly generation: number;
  /** The distributed head. */
  readonly revision: number;
  readonly settledRevision: number;
  readonly upToDate: boolean;
}

/**
 * Takes a report in: links that it calls down are released as one revision, loads are kept, and
 * the position counts as what the server has. Answers when all of that is durable.
 */
export async function takeReport(
  parts: OperationParts,
  caller: Caller,
  { id, report }: { readonly id: StorageServerId; readonly report: ServerReport },
): Promise<ReportAnswer> {
  const { commits, delivery, loads, now } = parts;
  findStorageServer(commits.state, id);
  admitReport(commits.state, id, report);
  const down = report.links.filter(({ state }) => state === "down").map(({ linkId }) => linkId);
  if (down.length > 0) {
    await submit(parts, caller, {
      kind: "report-links-down",
      reason: `reported down by storage server ${id}`,
      decide: (state) => ({ state: releaseReportedLinks(state, id, down), answer: undefined }),
    });
  }
  if (report.processes.length > 0) {
    await loads.record(report.processes.map((load) => ({ ...load, at: now() })));
  }
  const { position } = report;
  const head = await delivery.reported(id, position);
  const { generation, revision, settledRevision, digest } = head;
  const upToDate =
    position.generation === generation &&
    position.revision === revision &&
    position.digest === digest;
  return { generation, revision, settledRevision, upToDate };
}
