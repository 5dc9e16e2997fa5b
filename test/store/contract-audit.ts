import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/store/calls.ts";
import type { Bench } from "./bench.ts";

const entry = (at: number, actor = "ops"): AuditEntry => ({
  ...{ at, actor, method: "PUT", path: `/v1/links/${at}`, outcome: "refused" },
  ...{ status: 409, code: "link-assigned" },
});

export function auditContract({ newStore, reopen }: Bench): void {
  describe("audit", () => {
    it("reads back what was recorded, newest first, by page, actor and time", async () => {
      let store = await newStore();
      await store.recordAudit([entry(10), entry(20, "other"), entry(30)]);
      await store.recordAudit([entry(40)]);
      store = await reopen(store);
      const all = await store.audit({ limit: 10 });
      expect(all.map(({ id: _, ...rest }) => rest)).toEqual([
        ...[entry(40), entry(30), entry(20, "other"), entry(10)],
      ]);
      const times = async (page: object) =>
        (await store.audit({ limit: 10, ...page })).map(({ at }) => at);
      expect(await times({ before: all[1]!.id })).toEqual([20, 10]);
      expect(await times({ limit: 1 })).toEqual([40]);
      expect(await times({ actor: "other" })).toEqual([20]);
      expect(await times({ since: 20, until: 40 })).toEqual([30, 20]);
    });

    it("keeps the last hundred thousand", async () => {
      const store = await newStore();
      const many = Array.from({ length: 100_003 }, (_, at) => entry(at));
      await store.recordAudit(many);
      const [last] = await store.audit({ limit: 1 });
      const oldest = await store.audit({ before: last!.id - 99_997, limit: 10 });
      expect(oldest.map(({ at }) => at)).toEqual([4, 3]);
    });
  });
}
