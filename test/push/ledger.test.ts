import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { freshDelivery } from "../../src/core/delivery-state.ts";
import { Ledger } from "../../src/push/ledger.ts";
import { RecordingLog, serverId } from "./fakes.ts";
import { ManualClock } from "./manual-clock.ts";

function ledgerWith(recordDeliveries: (records: readonly unknown[]) => Promise<void>): Ledger {
  return new Ledger({
    store: { recordDeliveries },
    clock: new ManualClock(),
    log: new RecordingLog(),
    convergedWith: () => 0,
    onConverged: () => {},
    onWritten: () => {},
  });
}

test("many are written while the rest is still coming in", async () => {
  const batches: number[] = [];
  const ledger = ledgerWith(async (records) => void batches.push(records.length));
  for (let turn = 0; turn < 8; turn++) {
    expect(batches).toHaveLength(turn < 4 ? 0 : 1);
    for (let i = 0; i < 32; i++) {
      const record = freshDelivery({ id: serverId(`s-${turn}-${i}`), registeredRevision: 1 }, 0);
      ledger.write(record, () => {});
    }
    await nextTurn();
  }
  await ledger.close();
  expect(batches).toEqual([128, 128]);
});
