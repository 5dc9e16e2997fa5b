/** FIG. 10 with Eq. 1 on the worked example, as the document shows it. */
export const movesExample = [
  { volumeId: "vol-1", firstLba: 22, lastLba: 32, fromCNodeId: "c-1", toCNodeId: "c-2" },
  { volumeId: "vol-1", firstLba: 67, lastLba: 77, fromCNodeId: "c-3", toCNodeId: "c-2" },
];

export const summaryExample = {
  id: "rb-20261122T101530123Z-9f86d0",
  state: "applied",
  strategy: "proportional",
  parameters: { dryRun: false, force: false, allowUnreachable: false },
  planHash: "5c".repeat(32),
  baseRevision: 7,
  revision: 8,
  processCount: 3,
  linkedProcessCount: 2,
  transferPercent: 33.333333333333336,
  replicationCost: { value: 0.6666666666666666, source: "equation-1" },
  movedAddresses: 22,
  minimumMovedAddresses: 22,
  remainingAddresses: 0,
  rangesBefore: 3,
  rangesAfter: 3,
  imbalance: {
    before: 1.205940594059406,
    after: 1.00990099009901,
    volumes: [{ volumeId: "vol-1", before: 1.205940594059406, after: 1.00990099009901 }],
  },
  moveCount: 2,
  explanations: [],
  requestedBy: "local",
  reason: "link 2 is back",
  createdAt: "2026-11-22T10:15:30.123Z",
  appliedAt: "2026-11-22T10:15:30.123Z",
};

export const rebalanceExample = {
  ...summaryExample,
  rollback: { possible: true },
  moves: movesExample,
  processes: [
    {
      processId: "A",
      linked: true,
      addressesBefore: 33,
      addressesAfter: 22,
      loadBefore: 66.66666666666667,
      loadAfter: 55.666666666666664,
    },
  ],
};

const { rollback: _, ...taken } = rebalanceExample;
export const rolledBackExample = {
  ...taken,
  state: "rolled-back",
  rollbackRevision: 9,
  rolledBackAt: "2026-11-22T10:45:01.004Z",
};

export const deliveryExample = { revision: 8, servers: 3, acked: 2, behind: ["s-3"] };
