import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { CNodeId, LinkId, VolumeId } from "../../src/core/model.ts";
import { columnsOf, type RangeColumns, rangesOf } from "../../src/core/ranges.ts";
import { inPieces, listText } from "../../src/http/json-text.ts";
import { detailsText, revisionView } from "../../src/http/revision-view.ts";
import type { RevisionDetails } from "../../src/store/revisions.ts";
import { startService, workedExample } from "../support/service.ts";

const ranges = (count: number): RangeColumns =>
  columnsOf(
    Array.from({ length: count }, (_, i) => {
      return { firstLba: i, lastLba: i, cNodeId: `c-${i % 3}` as CNodeId };
    }),
  );

const details: RevisionDetails = {
  revision: 8,
  at: 0,
  actor: 'he said "ä"',
  reason: undefined,
  kind: "replace-a2c",
  distributedRevision: 8,
  convergedAt: undefined,
  changed: { a2cEntries: 1, linkAssignments: 0, movedAddresses: 1 },
  changes: {
    storageServers: [],
    processes: [],
    links: [
      { key: "l-1" as LinkId, after: { id: "l-1" as LinkId, state: "up", revision: 8 } },
      { key: "l-2" as LinkId, before: { id: "l-2" as LinkId, state: "down", revision: 3 } },
    ],
    volumes: [],
    linkAssignments: [],
    maps: [],
    settings: undefined,
  },
};

const withMaps = (...counts: [removed: number, added: number][]): RevisionDetails => ({
  ...details,
  changes: {
    ...details.changes,
    maps: counts.map(([removed, added], i) => ({
      volumeId: `v-${i}` as VolumeId,
      removed: ranges(removed),
      added: ranges(added),
    })),
  },
});

/** All at once. */
function wholeText({ changes, ...record }: RevisionDetails): string {
  return JSON.stringify({
    ...revisionView(record),
    changes: {
      storageServers: [],
      processes: [],
      links: [
        { id: "l-1", after: { id: "l-1", state: "up" } },
        { id: "l-2", before: { id: "l-2", state: "down" } },
      ],
      volumes: [],
      linkAssignments: [],
      settings: changes.settings && { replicationCost: 0.5 },
      a2c: changes.maps.map(({ volumeId, removed, added }) => ({
        volumeId,
        removed: [...rangesOf(removed)],
        added: [...rangesOf(added)],
      })),
    },
  });
}

describe("a revision as text", () => {
  it("is the same in pieces as it is at once", async () => {
    const settings = { replicationCostMicro: 500_000, revision: 8 };
    const cases = [
      details,
      withMaps([0, 1]),
      withMaps([1, 0], [0, 0]),
      withMaps([999, 1000], [1001, 2000], [3, 5000]),
      { ...details, convergedAt: 5, changes: { ...details.changes, settings } },
    ];
    for (const record of cases) {
      expect(await text(inPieces(detailsText(record)))).toBe(wholeText(record));
    }
  });

  it("comes in pieces of some thousand rows at most", () => {
    const pieces = [...detailsText(withMaps([0, 10_000]))];
    const longest = Math.max(...pieces.map((piece) => piece.length));
    expect(longest).toBeLessThan(wholeText(withMaps([0, 1_100])).length);
    expect([...listText([])].join("")).toBe("[]");
  });
});

it("tells what a large revision has changed", async () => {
  const client = await startService();
  const { storageServers, processes } = workedExample;
  await client.post("/v1/topology", { storageServers, processes });
  const { headers } = await client.put("/v1/volumes/v", { blockCount: 5_000 });
  const entries = [...rangesOf(ranges(5_000))].map((range) => ({
    ...range,
    cNodeId: `c-${1 + (range.firstLba % 3)}`,
  }));
  await client.put("/v1/a2c/v", { entries }, { "if-match": String(headers.etag) });
  const { status, headers: told, body } = await client.get("/v1/revisions/3");
  expect([status, told["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
  expect(body).toMatchObject({ revision: 3, kind: "replace-a2c", changed: { a2cEntries: 5_000 } });
  const [map, ...none] = body.changes.a2c;
  expect([map.volumeId, none]).toEqual(["v", []]);
  expect(map.removed).toHaveLength(3);
  expect(map.added).toEqual(entries);
});
