/** The environment, read once. Each variable is described here and nowhere else. */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type CallbackPolicy, parseCallbackPolicy } from "./push/callback-policy.ts";
import { StartError } from "./start-error.ts";
import type { HistoryLimits } from "./store/revisions.ts";
import type { PushTlsFiles, TlsFiles } from "./tls.ts";

const DEFAULT_DATABASE_URL = "sqlite:data/evenkeel.db";
const DATABASE_URL_FORM =
  "must be sqlite:<file>, since a write must be durable, or postgres://<host>/<database>";
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

const environmentSchema = z.object({
  HOST: z.string().min(1).default("127.0.0.1").meta({
    description: "Where to listen; another host than loopback needs `TOKENS_FILE`",
  }),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number from 0 to 65535")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be a port number from 0 to 65535")
    .default(8080)
    .meta({ description: "0 takes any free port" }),
  DATABASE_URL: z
    .string()
    .refine(isDatabaseUrl, DATABASE_URL_FORM)
    .default(DEFAULT_DATABASE_URL)
    .meta({
      description:
        "The store: `sqlite:` and a file, whose directory must exist, or " +
        "`postgres://user:password@host:5432/database`",
    }),
  BACKUP_DIR: z.string().min(1).optional().meta({
    description:
      "Where backups of `sqlite:` go; by default `backups/` beside the file, made when needed",
  }),
  TOKENS_FILE: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'JSON `[{"name", "role": "admin"|"operator"|"viewer", "sha256": "<hex of the token>"}]`, ' +
        "reread on SIGHUP",
    }),
  CALLBACK_ALLOW: z.string().default("127.0.0.0/8,::1/128").meta({
    description:
      "CIDRs, comma-separated, each optionally with `@port` or `@from-to`, that callbacks may go to",
  }),
  PUBLIC_URL: z
    .string()
    .refine(isBaseUrl, "must be an http(s) address without query, fragment or credentials")
    .transform((url) => url.replace(/\/+$/, ""))
    .optional()
    .meta({
      description:
        "How storage servers reach this service, for what they fetch; by default the listening address",
    }),
  HISTORY_REVISIONS_MAX: wholeNumber({ min: 1, max: 1_000_000 })
    .default(10_000)
    .meta({
      description:
        "So many revisions are kept at most; when there are more, the oldest tenth goes, and is " +
        "answered with 410",
    }),
  HISTORY_BYTES_MAX: wholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER })
    .default(1024 ** 3)
    .meta({ description: "About so many bytes of history are kept at most, in the same way" }),
  TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Serves HTTPS with this certificate (PEM), reread on SIGHUP" }),
  TLS_KEY_FILE: z.string().min(1).optional().meta({ description: "The key of `TLS_CERT_FILE`" }),
  TLS_CLIENT_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Clients must show a certificate signed by one of these; tokens stay" }),
  PUSH_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "Who may sign the certificates of https callbacks (PEM), instead of Node's authorities; " +
        "reread on SIGHUP",
    }),
  PUSH_CERT_FILE: z.string().min(1).optional().meta({
    description: "Shown to https callbacks that ask for a certificate (PEM), reread on SIGHUP",
  }),
  PUSH_KEY_FILE: z.string().min(1).optional().meta({ description: "The key of `PUSH_CERT_FILE`" }),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info")
    .meta({ description: "How much is logged: fatal, error, warn, info, debug, trace or silent" }),
});

function wholeNumber({ min, max }: { min: number; max: number }) {
  return z
    .string()
    .regex(/^\d{1,16}$/, "must be a whole number in decimal digits")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

function isBaseUrl(text: string): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.search === "" && url.hash === "" && url.username === "" && url.password === "";
}

function isDatabaseUrl(text: string): boolean {
  if (!isPostgres(text)) return /^sqlite:(?!:memory:|$)/.test(text);
  if (!URL.canParse(text)) return false;
  const { host, pathname } = new URL(text);
  return host !== "" && pathname.length > 1;
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

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
function backupDirectoryOf({
  BACKUP_DIR,
  DATABASE_URL,
}: z.output<typeof environmentSchema>): string | undefined {
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
}: z.output<typeof environmentSchema>): TlsFiles | undefined {
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
}: z.output<typeof environmentSchema>): PushTlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) {
    return { caFile, client: { certFile, keyFile } };
  }
  if (certFile === undefined && keyFile === undefined) return caFile ? { caFile } : undefined;
  const missing = certFile === undefined ? "PUSH_CERT_FILE" : "PUSH_KEY_FILE";
  throw new StartError(`${missing} is missing: a certificate is shown with its key`);
}

/** The README's table of variables: name, default, meaning. */
export function describeEnvironment(): { name: string; standard: string; meaning: string }[] {
  return Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const standard = schema.safeParse(undefined).data;
    const meaning = z.globalRegistry.get(schema)?.description ?? "";
    return { name, standard: standard === undefined ? "none" : `\`${standard}\``, meaning };
  });
}

function callbackPolicyOf(text: string): CallbackPolicy {
  try {
    return parseCallbackPolicy(text);
  } catch (error) {
    throw new StartError(`CALLBACK_ALLOW=${text}: ${(error as Error).message}`);
  }
}
