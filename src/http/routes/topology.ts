import { postTopology } from "../../operations/topology.ts";
import { type Endpoint, endpoint, TABLE_BODY_LIMIT_BYTES } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { topologyAnswer, topologyPost } from "../schemas/topology.ts";
import { rangesExample } from "./examples.ts";
import { weightField } from "./processes.ts";

const bodyExample = {
  storageServers: [
    { id: "s-1", callbackUrl: "http://127.0.0.1:9001/tables" },
    { id: "s-2", callbackUrl: "http://127.0.0.1:9002/tables" },
    { id: "s-3", callbackUrl: "http://127.0.0.1:9003/tables" },
  ],
  processes: [
    { id: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" },
    { id: "B", storageServerId: "s-2", rNodeId: "r-b", cNodeId: "c-2" },
    { id: "C", storageServerId: "s-3", rNodeId: "r-c", cNodeId: "c-3" },
  ],
  links: [{ id: "link-1", remoteAddress: "203.0.113.10", remotePort: 3260 }, { id: "link-2" }],
  volumes: [{ id: "vol-1", blockCount: 101, entries: rangesExample }],
  linkAssignments: [
    { linkId: "link-1", rNodeId: "r-a" },
    { linkId: "link-2", rNodeId: "r-c" },
  ],
};

const answerExample = {
  revision: 1,
  created: {
    storageServers: [
      {
        id: "s-1",
        signingSecret: "whsec_Z2VuZXJhdGVkIGF0IHRoZSBzZXJ2aWNlLCBzaG93biE=",
        token: "evk_dGhlIHRva2VuIG9mIGEgc3RvcmFnZSBzZXJ2ZXIgMTI",
      },
    ],
    processes: 3,
    links: 2,
    volumes: 1,
    linkAssignments: 2,
  },
  changed: 0,
  unchanged: 0,
  kept: [],
};

export function topologyEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      method: "POST",
      url: "/v1/topology",
      role: "operator",
      tag: "Topology",
      summary: "Register a whole cluster",
      description:
        "Applied as one revision or not at all, and may run again: what an operator has changed " +
        "since stays, and assignments that differ are named in `kept`. Only new storage servers are " +
        "listed with their secrets, this once.",
      body: topologyPost,
      bodyExample,
      bodyLimitBytes: TABLE_BODY_LIMIT_BYTES,
      ifMatch: "optional",
      answers: {
        200: {
          description: "What was new, what changed and what was kept",
          schema: topologyAnswer,
          example: answerExample,
        },
      },
      problems: [409, 422],
      handle: async ({ body, caller }) => {
        const { processes, ...rest } = body;
        const { answer, state } = await postTopology(parts, caller, {
          ...rest,
          processes: processes?.map(
            ({ id, storageServerId, rNodeId, cNodeId, dNodeId, weight }) => ({
              id,
              storageServerId,
              rNodeId,
              cNodeId,
              dNodeId,
              ...weightField(weight),
            }),
          ),
        });
        const { created, credentials, changed, unchanged, kept } = answer;
        return {
          status: 200,
          revision: state.revision,
          body: {
            revision: state.revision,
            created: { ...created, storageServers: credentials },
            changed,
            unchanged,
            kept,
          },
        };
      },
    }),
  ];
}
