/** A bounded pool of connections whose commits are durable, and transactions on it. */
import pg from "pg";
import { Collision, failureOf, outcomeUnknown } from "./failures.ts";
import { Session } from "./session.ts";
import { TYPES } from "./types.ts";

const CONNECTIONS_MAX = 8;
/** Also how long a call waits for a connection that others use. */
const CONNECT_WITHIN_MS = 5_000;
const STATEMENT_WITHIN_MS = 30_000;
/** The server has said by then that a statement took too long, unless it can't be heard. */
const HEAR_WITHIN_MS = 35_000;
/** A process that stands still within a transaction keeps others from writing for so long. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** So often a transaction that met others is tried; each time one of them went through. */
const COLLISIONS_MAX = 20;

export class Database {
  /** As it is told in messages: without the password. */
  readonly name: string;
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.name = nameOf(url);
    try {
      this.#pool = new pg.Pool({
        connectionString: url,
        application_name: "evenkeel",
        types: TYPES,
        max: CONNECTIONS_MAX,
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
        statement_timeout: STATEMENT_WITHIN_MS,
        query_timeout: HEAR_WITHIN_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        keepAlive: true,
        onConnect: (client: pg.ClientBase) => client.query("SET synchronous_commit = on"),
      });
    } catch (error) {
      throw failureOf(error, this.name);
    }
    // A connection that breaks while nobody uses it is replaced; one that breaks in use is told
    // by the statement that was under way.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
  }

  /** One statement, or several that need not see the same. */
  async statement<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const client = await this.#connect();
    const session = new Session(client, this.name);
    try {
      return await work(session);
    } finally {
      client.release(!session.isUsable);
    }
  }

  /** Reads that see one state of the store. */
  snapshot<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#retried("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", work);
  }

  /**
   * All of `work` or nothing, durably. It may run again where it met other transactions. Fails
   * with `outcome-unknown` where the answer to the commit was lost.
   */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#retried("BEGIN", work);
  }

  /** The same, once; a `Collision` where it met others. */
  transactionOnce<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#once("BEGIN", work);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #retried<Result>(
    begin: string,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    for (let collisions = 1; ; collisions++) {
      try {
        return await this.#once(begin, work);
      } catch (error) {
        if (!(error instanceof Collision) || collisions === COLLISIONS_MAX) throw error;
      }
    }
  }

  async #once<Result>(begin: string, work: (session: Session) => Promise<Result>): Promise<Result> {
    const client = await this.#connect();
    const session = new Session(client, this.name);
    let result: Result;
    try {
      await session.query(begin);
      result = await work(session);
    } catch (error) {
      // Where that can't be said, the end of the connection says it.
      if (session.isUsable) await session.query("ROLLBACK").catch(() => undefined);
      client.release(!session.isUsable);
      throw error;
    }
    await this.#commit(client);
    return result;
  }

  async #commit(client: pg.PoolClient): Promise<void> {
    let command: string;
    try {
      ({ command } = await client.query("COMMIT"));
    } catch (error) {
      client.release(true);
      const failure = failureOf(error, this.name);
      throw failure instanceof Collision ? failure : outcomeUnknown(this.name, failure);
    }
    client.release();
    if (command !== "COMMIT") throw new Error(`a commit ended with ${command}`);
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw failureOf(error, this.name);
    }
  }
}

/** `postgres://user@host:5432/database`: neither password nor parameters. */
export function nameOf(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}
