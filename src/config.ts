/** What the environment asks for, read once. */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  DATABASE_URL_FORM,
  DEFAULT_DATABASE_URL,
  type Environment,
  environmentSchema,
  isDatabaseUrl,
  isPostgres,
} from "./environment.ts";
import { type CallbackPolicy, parseCallbackPolicy } from "./push/callback-policy.ts";
import { StartError } from "./start-error.ts";
import type { HistoryLimits } from "./store/revisions.ts";
import type { PushTlsFiles, TlsFiles } from "./tls.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export type DatabaseConfig =
  | {
      readonly engine: "sqlite";
      readonly file: string;
      /** Nobody chose a place for the file, so its directory is made. */
      readonly isDefault: boolean;
    }
  /** The address may hold a password, so it is never told. */
  | { readonly engine: "postgres"; readonly url: string };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  /** It must exist where somebody chose it. Absent with PostgreSQL, which makes its own. */
  readonly backupDirectory: string | undefined;
  readonly tokensFile: string | undefined;
  readonly callbackPolicy: CallbackPolicy;
  /** Without a slash at the end; absent: the listening address. */
  readonly publicUrl: string | undefined;
  readonly historyLimits: HistoryLimits;
  /** Absent: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Absent: Node's authorities, and no certificate to show. */
  readonly pushTls: PushTlsFiles | undefined;
  readonly logLevel: string;
}

/** Refuses with a `StartError` that names the variable. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const result = environmentSchema.safeParse(environment);
  if (!result.success) {
    const [{ path, message } = { path: [], message: "" }] = result.error.issues;
    const name = String(path[0]);
    // There may be a password in it.
    const isTold = name !== "DATABASE_URL" || !environment[name]?.includes("@");
    throw new StartError(`${isTold ? `${name}=${environment[name]}` : name}: ${message}`);
  }
  const { HOST, PORT, DATABASE_URL, TOKENS_FILE, CALLBACK_ALLOW, LOG_LEVEL } = result.data;
  if (TOKENS_FILE === undefined && !LOOPBACK.test(HOST)) {
    throw new StartError(
      `HOST=${HOST}: without tokens only loopback is served; set TOKENS_FILE, or HOST=127.0.0.1`,
    );
  }
  return Object.freeze({
    host: HOST,
    port: PORT,
    database: databaseOf(DATABASE_URL),
    backupDirectory: backupDirectoryOf(result.data),
    tokensFile: TOKENS_FILE,
    callbackPolicy: callbackPolicyOf(CALLBACK_ALLOW),
    publicUrl: result.data.PUBLIC_URL,
    historyLimits: {
      revisionsMax: result.data.HISTORY_REVISIONS_MAX,
      bytesMax: result.data.HISTORY_BYTES_MAX,
    },
    tls: tlsFilesOf(result.data),
    pushTls: pushTlsFilesOf(result.data),
    logLevel: LOG_LEVEL,
  });
}

/** The same of another place than the environment, which `name` tells of. */
export function readDatabaseUrl(url: string, name: string): DatabaseConfig {
  if (!isDatabaseUrl(url)) throw new StartError(`${name}: ${DATABASE_URL_FORM}`);
  return databaseOf(url);
}

function databaseOf(url: string): DatabaseConfig {
  if (isPostgres(url)) return { engine: "postgres", url };
  const file = url.slice("sqlite:".length);
  return { engine: "sqlite", file, isDefault: url === DEFAULT_DATABASE_URL };
}

/** One that isn't there may be a volume that isn't mounted. */
function backupDirectoryOf({ BACKUP_DIR, DATABASE_URL }: Environment): string | undefined {
  const database = databaseOf(DATABASE_URL);
  if (database.engine === "postgres") {
    if (BACKUP_DIR === undefined) return undefined;
    throw new StartError(
      `BACKUP_DIR=${BACKUP_DIR}: backups of PostgreSQL are its own, made with pg_dump: leave it out`,
    );
  }
  if (BACKUP_DIR === undefined) return join(dirname(database.file), "backups");
  if (statSync(BACKUP_DIR, { throwIfNoEntry: false })?.isDirectory()) return BACKUP_DIR;
  throw new StartError(`BACKUP_DIR=${BACKUP_DIR}: there is no such directory: create it`);
}

function tlsFilesOf({
  TLS_CERT_FILE: certFile,
  TLS_KEY_FILE: keyFile,
  TLS_CLIENT_CA_FILE: clientCaFile,
}: Environment): TlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, clientCaFile };
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined)
    return undefined;
  const missing = certFile === undefined ? "TLS_CERT_FILE" : "TLS_KEY_FILE";
  throw new StartError(`${missing} is missing: HTTPS needs a certificate and its key`);
}

function pushTlsFilesOf({
  PUSH_CA_FILE: caFile,
  PUSH_CERT_FILE: certFile,
  PUSH_KEY_FILE: keyFile,
}: Environment): PushTlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) {
    return { caFile, client: { certFile, keyFile } };
  }
  if (certFile === undefined && keyFile === undefined) return caFile ? { caFile } : undefined;
  const missing = certFile === undefined ? "PUSH_CERT_FILE" : "PUSH_KEY_FILE";
  throw new StartError(`${missing} is missing: a certificate is shown with its key`);
}

function callbackPolicyOf(text: string): CallbackPolicy {
  try {
    return parseCallbackPolicy(text);
  } catch (error) {
    throw new StartError(`CALLBACK_ALLOW=${text}: ${(error as Error).message}`);
  }
}
