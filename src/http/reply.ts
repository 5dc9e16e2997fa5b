/** Short ways to the answers that most calls give. */
import type { ClusterState } from "../core/cluster-state.ts";
import type { Committed } from "../operations/commit-queue.ts";
import type { Answer } from "./endpoint.ts";
import { formatEntityTag } from "./entity-tags.ts";

/** The answer to a write: 201 for what is new, 200 for what stood, with the version it now has. */
export function written(
  { answer, state }: Committed<{ created: boolean }>,
  record: { readonly revision: number },
  body: unknown,
): Answer {
  return {
    status: answer.created ? 201 : 200,
    body,
    revision: state.revision,
    etag: formatEntityTag({ generation: state.generation, revision: record.revision }),
  };
}

/** The answer to a deletion. */
export function deleted({ state }: Committed<unknown>): Answer {
  return { status: 204, revision: state.revision };
}

/** A read of one record with the version it has. */
export function read(
  state: ClusterState,
  record: { readonly revision: number },
  body: unknown,
): Answer {
  const { generation } = state;
  return { status: 200, body, etag: formatEntityTag({ generation, revision: record.revision }) };
}

/** The version of both tables together. */
export function distributedTag({ generation, distributedRevision }: ClusterState): string {
  return formatEntityTag({ generation, revision: distributedRevision });
}
