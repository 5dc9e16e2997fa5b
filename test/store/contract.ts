/**
 * What every engine behind the store's port must do, written against the port alone. An engine's
 * test calls `storeContract` with how it is opened, and adds what is particular to it.
 */
import { afterEach, beforeEach, describe } from "vitest";
import type { Store } from "../../src/store/store.ts";
import type { Bench, StoreLocation } from "./bench.ts";
import { appendContract } from "./contract-append.ts";
import { auditContract } from "./contract-audit.ts";
import { deliveriesContract } from "./contract-deliveries.ts";
import { historyContract } from "./contract-history.ts";
import { idempotencyContract } from "./contract-idempotency.ts";
import { ownersContract } from "./contract-owners.ts";
import { pastContract } from "./contract-past.ts";
import { rebalancesContract } from "./contract-rebalances.ts";
import { retentionContract } from "./contract-retention.ts";

export function storeContract(name: string, newLocation: () => Promise<StoreLocation>): void {
  describe(`${name}, by the store's contract`, () => {
    let inUse: Map<Store, StoreLocation>;
    beforeEach(() => {
      inUse = new Map();
    });
    afterEach(async () => {
      for (const [store, location] of inUse) {
        await store.close();
        await location.remove();
      }
    });

    const bench: Bench = {
      async newStore() {
        const location = await newLocation();
        const store = await location.open();
        inUse.set(store, location);
        return store;
      },
      async reopen(store) {
        const location = inUse.get(store)!;
        await store.close();
        inUse.delete(store);
        const again = await location.open();
        inUse.set(again, location);
        return again;
      },
    };
    appendContract(bench);
    historyContract(bench);
    idempotencyContract(bench);
    pastContract(bench);
    ownersContract(bench);
    retentionContract(bench);
    deliveriesContract(bench);
    rebalancesContract(bench);
    auditContract(bench);
  });
}
