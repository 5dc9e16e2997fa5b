/** The worked example (FIG. 4, 5, 6), as the document shows it. */
export const signingSecretExample = "whsec_Z2VuZXJhdGVkIGF0IHRoZSBzZXJ2aWNlLCBzaG93biE=";
export const tokenExample = "evk_dGhlIHRva2VuIG9mIGEgc3RvcmFnZSBzZXJ2ZXIgMTI";

export const storageServerExample = {
  id: "s-1",
  callbackUrl: "http://127.0.0.1:9001/tables",
  labels: { rack: "r12" },
  state: "active",
  delivery: {
    state: "current",
    headRevision: 7,
    ackedRevision: 7,
    lag: 0,
    since: "2026-11-22T10:15:30.123Z",
    lastAttemptAt: "2026-11-22T10:15:30.101Z",
    consecutiveFailures: 0,
  },
  lastSeenAt: "2026-11-22T10:15:30.123Z",
  heldBackBy: [
    {
      code: "storage-server-in-use",
      detail: "storage server s-1 is used by 1 records: process A",
    },
  ],
};

export const processExample = {
  id: "A",
  storageServerId: "s-1",
  rNodeId: "r-a",
  cNodeId: "c-1",
  weight: 1,
  state: "active",
  linkId: "link-1",
  addressCount: 33,
  rangeCount: 1,
  heldBackBy: [
    {
      code: "process-owns-addresses",
      detail: "C-node c-1 of process A still owns 33 addresses",
    },
    {
      code: "process-holds-link",
      detail: "R-node r-a of process A still holds link link-1",
    },
  ],
};

export const linkExample = {
  id: "link-1",
  remoteAddress: "203.0.113.10",
  remotePort: 3260,
  state: "up",
  rNodeId: "r-a",
};

export const volumeExample = {
  id: "vol-1",
  blockCount: 101,
  extentBlocks: 1,
  rangeCount: 3,
  revision: 7,
};

export const rangesExample = [
  { firstLba: 0, lastLba: 32, cNodeId: "c-1" },
  { firstLba: 33, lastLba: 66, cNodeId: "c-2" },
  { firstLba: 67, lastLba: 100, cNodeId: "c-3" },
];

export const digestExample = `xor-sha256:${"3f".repeat(32)}`;

export const assignmentExample = {
  linkId: "link-1",
  rNodeId: "r-a",
  processId: "A",
  storageServerId: "s-1",
  remoteAddress: "203.0.113.10",
  remotePort: 3260,
};

const heading = {
  type: "tables.update",
  clusterId: "0b6f5b0e-3a52-4f8e-9d63-2f1f6f0c9a11",
  generation: 1,
};

export const settledExample = { ...heading, kind: "settled", revision: 8, settledRevision: 8 };

export const snapshotExample = {
  ...heading,
  kind: "snapshot",
  revision: 7,
  settledRevision: 7,
  removed: { volumeIds: [], processIds: [], linkIds: [] },
  volumes: [{ volumeId: "vol-1", blockCount: 101 }],
  nodes: [{ processId: "A", storageServerId: "s-1", rNodeId: "r-a", cNodeId: "c-1" }],
  a2c: rangesExample.map((range) => ({ volumeId: "vol-1", ...range })),
  linkAssignments: [{ linkId: "link-1", rNodeId: "r-a", remoteAddress: "203.0.113.10" }],
  digest: digestExample,
};
