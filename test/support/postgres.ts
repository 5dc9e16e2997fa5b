/** A PostgreSQL to make schemas in. */
import { randomUUID } from "node:crypto";
import pg from "pg";

/** Absent: the tests of PostgreSQL are skipped. */
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
