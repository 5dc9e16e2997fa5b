import { openPostgresStore, type PostgresStoreOptions } from "../../src/store/postgres/open.ts";
import type { Store } from "../../src/store/store.ts";
import { newSchema } from "../support/postgres.ts";
import { CLUSTER_ID, type StoreLocation } from "./bench.ts";

export function openStore(url: string, options?: Partial<PostgresStoreOptions>): Promise<Store> {
  return openPostgresStore({ url, newClusterId: CLUSTER_ID, ...options });
}

export async function newPostgresLocation(): Promise<StoreLocation> {
  const { url, remove } = await newSchema();
  return { open: () => openStore(url), remove };
}
