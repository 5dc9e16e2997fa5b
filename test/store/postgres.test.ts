import { describe } from "vitest";
import { storeContract } from "./contract.ts";
import { newPostgresLocation, POSTGRES_URL } from "./postgres-support.ts";

describe.skipIf(!POSTGRES_URL)("with PostgreSQL", () => {
  storeContract("PostgreSQL", newPostgresLocation);
});
