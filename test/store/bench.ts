import type { Store } from "../../src/store/store.ts";

/** Where one store lives. */
export interface StoreLocation {
  /** Opens it, beginning a cluster with the id `CLUSTER_ID` the first time. */
  open(): Promise<Store>;
  remove(): Promise<void>;
}

export const CLUSTER_ID = "cluster-of-the-contract";

/** What the tests of a contract work with. */
export interface Bench {
  /** A store of its own, closed and removed after the test. */
  newStore(): Promise<Store>;
  /** Closes a store and opens it again. */
  reopen(store: Store): Promise<Store>;
}
