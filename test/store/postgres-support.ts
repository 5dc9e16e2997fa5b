import { randomUUID } from "node:crypto";
import pg from "pg";
import { openPostgresStore, type PostgresStoreOptions } from "../../src/store/postgres/open.ts";
import type { Store } from "../../src/store/store.ts";
import { CLUSTER_ID, type StoreLocation } from "./bench.ts";

/** A database to make schemas in; absent: the tests of PostgreSQL are skipped. */
export const POSTGRES_URL = process.env.TEST_POSTGRES_URL;

/** Where one store lives: a schema of its own, named in the address. */
export interface Schema {
  readonly url: string;
  query(text: string, values?: readonly unknown[]): Promise<pg.QueryResult>;
  remove(): Promise<void>;
}

export async function newSchema(): Promise<Schema> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(POSTGRES_URL!);
  url.searchParams.set("options", `-c search_path=${name}`);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`CREATE SCHEMA ${name}`);
  return {
    url: url.href,
    query: (text, values) => client.query(text, values as unknown[]),
    remove: async () => {
      await client.query(`SET client_min_messages = error; DROP SCHEMA ${name} CASCADE`);
      await client.end();
    },
  };
}

export function openStore(url: string, options?: Partial<PostgresStoreOptions>): Promise<Store> {
  return openPostgresStore({ url, newClusterId: CLUSTER_ID, ...options });
}

export async function newPostgresLocation(): Promise<StoreLocation> {
  const { url, remove } = await newSchema();
  return { open: () => openStore(url), remove };
}
