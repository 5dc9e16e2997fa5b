/** The variables of the environment. Each is described here and nowhere else. */
import { z } from "zod";

export const DEFAULT_DATABASE_URL = "sqlite:data/evenkeel.db";
export const DATABASE_URL_FORM =
  "must be sqlite:<file>, since a write must be durable, or postgres://<host>/<database>";

export const environmentSchema = z.object({
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

/** As it is when every variable is as it should be. */
export type Environment = z.output<typeof environmentSchema>;

/** The README's table of variables: name, default, meaning. */
export function describeEnvironment(): { name: string; standard: string; meaning: string }[] {
  return Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const standard = schema.safeParse(undefined).data;
    const meaning = z.globalRegistry.get(schema)?.description ?? "";
    return { name, standard: standard === undefined ? "none" : `\`${standard}\``, meaning };
  });
}

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

export function isDatabaseUrl(text: string): boolean {
  if (!isPostgres(text)) return /^sqlite:(?!:memory:|$)/.test(text);
  if (!URL.canParse(text)) return false;
  const { host, pathname } = new URL(text);
  return host !== "" && pathname.length > 1;
}

export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}
