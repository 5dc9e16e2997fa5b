/**
 * Appends to a store until it is killed, and prints each revision once it is acknowledged; with
 * `revisionsMax` it keeps no more revisions than that, pruned in the smallest steps, and from
 * `deferredRowsMin` rows on it carries them over later. Plain JavaScript on the compiled program, because Node 20 can't run TypeScript in a child process.
 */
import { AddressMap } from "../../dist/core/address-map.js";
import { changesBetween, countChanges, sealRevision } from "../../dist/core/changes.js";
import { putVolume } from "../../dist/core/cluster-state.js";
import { lossesBetween } from "../../dist/core/losses.js";
import { restoreState } from "../../dist/core/stored-state.js";
import { openSqliteStore } from "../../dist/store/sqlite/open.js";

const BLOCK_COUNT = 1_000;
const BATCH = 3;

const [, , file, options] = process.argv;
const { revisionsMax, deferredRowsMin } = JSON.parse(options);
const store = await openSqliteStore({ file, newClusterId: "killed", deferredRowsMin });
let state = restoreState(await store.load());
for (;;) {
  const base = state.revision;
  const entries = [];
  for (let i = 0; i < BATCH; i++) {
    const { entry, after } = decide(state);
    entries.push(entry);
    state = after;
  }
  const outcome = await store.append(base, entries);
  if (revisionsMax) await store.prune({ revisionsMax, bytesMax: 2 ** 40 }, 2, 0);
  process.stdout.write(outcome === "committed" ? `${state.revision}\n` : "conflict\n");
}

function decide(before) {
  const revision = before.revision + 1;
  const old = before.volumes.get("v");
  const firstLba = (revision * 37) % BLOCK_COUNT;
  const painted = { firstLba, lastLba: firstLba, cNodeId: `c-${revision % 7}` };
  const map = old
    ? old.map.paint([painted])
    : AddressMap.of([{ firstLba: 0, lastLba: BLOCK_COUNT - 1, cNodeId: "c-0" }]);
  const createdRevision = old?.createdRevision ?? revision;
  const record = { id: "v", blockCount: BLOCK_COUNT, extentBlocks: 1, createdRevision, revision };
  const draft = putVolume(before, { ...record, map });
  const changes = changesBetween(before, draft);
  const after = sealRevision(before, draft, changes);
  const { digest, distributedRevision, linkAssignmentsRevision } = after;
  const changed = countChanges(changes);
  const heading = { revision, at: revision, actor: "child", kind: "paint", changed };
  const losses = lossesBetween(before, after);
  return {
    after,
    entry: { heading, changes, digest, distributedRevision, linkAssignmentsRevision, losses },
  };
}
