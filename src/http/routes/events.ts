import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { notice } from "../schemas/events.ts";

const example = `retry: 1000

id: 1.7
event: head
data: {"generation":1,"revision":7}

id: 1.8
event: revision
data: {"generation":1,"revision":8,"at":"2026-11-22T10:15:30.123Z","kind":"rebalance","changed":{"a2cEntries":3,"linkAssignments":0,"movedAddresses":22}}

:

`;

export function eventsEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    tag: "Distribution",
    method: "GET",
    url: "/v1/events",
    role: "viewer",
    load: "vital",
    storageServer: "any",
    summary: "Follow the revisions",
    description:
      "Server-sent events, notices without tables. `revision`: a revision has changed the tables, " +
      "with `generation`, `revision`, `at`, `kind` and `changed` as in `GET /v1/revisions`; they come " +
      "in order, each once. `head`: the tables are at this `generation` and `revision` now, and how " +
      "they came there is not told; so it is for a client that has just come, after a new " +
      "generation, and where what followed `Last-Event-ID` is not kept any more. A comment every " +
      "15 s is a sign of life. A reader that does not take for 30 s what it is sent is dropped, and " +
      "every stream ends after an hour: connect again with `Last-Event-ID`, as browsers do. Up to " +
      "2,000 streams are held at once.",
    resumable: true,
    answers: {
      200: {
        description: "The notices, without end",
        schema: notice,
        contentType: "text/event-stream",
        example,
      },
    },
    handle: ({ lastEvent, signal }) => {
      const body = parts.distribution.events(lastEvent);
      // Also of a HEAD request, which is over with the headers.
      signal().addEventListener("abort", () => body.destroy(), { once: true });
      return { status: 200, body, contentType: "text/event-stream", live: true };
    },
  });
}
