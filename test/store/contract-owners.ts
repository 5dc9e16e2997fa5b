import fc from "fast-check";
import { expect, it } from "vitest";
import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { VolumeId } from "../../src/core/model.ts";
import { joinOwnerships, type Ownership } from "../../src/core/ownership.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bench } from "./bench.ts";
import { appendAll, HISTORY_RUNS, HISTORY_RUNS_MS_MAX, play } from "./played-history.ts";
import { anyHistory } from "./random-history.ts";

/** The owners of an address one after another, newest first, from the states alone. */
function ownersIn(states: readonly ClusterState[], volumeId: VolumeId, lba: number) {
  const { createdRevision } = states.at(-1)!.volumes.get(volumeId)!;
  const owners: { cNodeId: string; fromRevision: number; toRevision: number | undefined }[] = [];
  for (const { volumes, revision } of states) {
    const volume = volumes.get(volumeId);
    if (volume?.createdRevision !== createdRevision || lba >= volume.blockCount) continue;
    const cNodeId = volume.map.ownerAt(lba);
    const last = owners.at(-1);
    if (last?.cNodeId === cNodeId) continue;
    if (last) last.toRevision = revision;
    owners.push({ cNodeId, fromRevision: revision, toRevision: undefined });
  }
  return owners.reverse();
}

/** The rows that a store gives in small pages. */
async function rowsOf(store: Store, volumeId: VolumeId, lba: number): Promise<Ownership[]> {
  const rows: Ownership[] = [];
  for (let size = 2; size === 2; ) {
    const page = { closedBy: rows.at(-1)?.fromRevision, limit: 2 };
    const found = await store.ownersOf({ volumeId, lba }, page);
    rows.push(...found);
    size = found.length;
  }
  return rows;
}

export function ownersContract({ newStore }: Bench): void {
  it("tells who owned each address when, and who hosted the owner", {
    timeout: HISTORY_RUNS_MS_MAX,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (steps) => {
        const { states, batches } = play(steps);
        const store = await newStore();
        await appendAll(store, batches);
        for (const { id, blockCount } of states.at(-1)!.volumes.values()) {
          for (let lba = 0; lba < blockCount; lba += 3) {
            const rows = await rowsOf(store, id, lba);
            for (const row of rows) expectHost(states, row);
            const owners = joinOwnerships([], rows).map(
              ({ cNodeId, fromRevision, toRevision }) => ({ cNodeId, fromRevision, toRevision }),
            );
            expect(owners).toEqual(ownersIn(states, id, lba));
          }
        }
        await store.close();
      }),
      { numRuns: HISTORY_RUNS },
    );
  });
}

function expectHost(states: readonly ClusterState[], row: Ownership): void {
  const last = states[row.toRevision === undefined ? states.length - 1 : row.toRevision - 1]!;
  const host = last.index.processByCNode.get(row.cNodeId);
  // A random history also takes away processes that own something; then the last one is told.
  if (host !== undefined) expect(row.processId).toBe(host);
}
