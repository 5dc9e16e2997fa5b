import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { withReadTurns } from "../../src/store/read-turns.ts";
import { openSqliteStore } from "../../src/store/sqlite/open.ts";
import { programRoot, temporaryDirectory } from "../support/service.ts";

it("lets a write go before most of a crowd of reads, and answers all of them", async () => {
  const store = withReadTurns(
    await openSqliteStore({
      file: join(temporaryDirectory(), "evenkeel.db"),
      newClusterId: "c",
      workerUrl: new URL("store/sqlite/worker.js", programRoot),
    }),
  );
  onTestFinished(() => store.close());
  const answered: string[] = [];
  const crowd = Array.from({ length: 20 }, async () => {
    expect(await store.revisions({ limit: 1000 })).toEqual([]);
    answered.push("read");
  });
  await store.recordDeliveries([], undefined);
  answered.push("written");
  expect(answered).toEqual(["read", "read", "read", "read", "written"]);
  await Promise.all(crowd);
  expect(answered.filter((each) => each === "read")).toHaveLength(20);
});
