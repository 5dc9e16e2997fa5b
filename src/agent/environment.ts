/** What the agent's process is told in its environment. Each variable is described here. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ID_PATTERN, type StorageServerId } from "../core/model.ts";

/** The process cannot start; `message` says in one line what is wrong and what to do about it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface AgentEnvironment {
  readonly serviceUrl: string;
  readonly storageServerId: StorageServerId;
  readonly token: string;
  readonly signingSecret: string;
  readonly stateFile: string;
  /** Where pushes are listened for; absent: the agent pulls. */
  readonly callback?: { readonly host: string; readonly port: number } | undefined;
  readonly logLevel: string;
}

export const serviceUrl = z
  .string("must be set, as http://127.0.0.1:8080")
  .refine(
    (text) => /^https?:/i.test(text) && URL.canParse(text),
    "must be an http(s) address, as http://127.0.0.1:8080",
  );

const schema = z.object({
  EVENKEEL_URL: serviceUrl,
  STORAGE_SERVER_ID: z
    .string("must be set: the id that the storage server is registered with")
    .regex(ID_PATTERN, "must be the id of a storage server"),
  // A file and not a variable: an environment is seen by whoever may look at the process.
  CREDENTIALS_FILE: z.string("must be set: the token and signingSecret of the registration, JSON"),
  STATE_FILE: z.string("must be set: where the tables are kept; its directory must exist"),
  CALLBACK_HOST: z.string().min(1).default("127.0.0.1"),
  CALLBACK_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number from 0 to 65535")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be a port number from 0 to 65535")
    .optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

/** As the registration answers them; what else it says there is passed over. */
const credentialsSchema = z.object({
  token: z.string().regex(/^\S+$/, "must be the server's token"),
  signingSecret: z.string().regex(/^whsec_\S+$/, "must be the server's signing secret, whsec_…"),
});

/** Refuses with an `EnvironmentError` that names the variable, and never a secret. */
export function readAgentEnvironment(environment: Environment): AgentEnvironment {
  const values = readVariables(schema, environment);
  const { CALLBACK_HOST: host, CALLBACK_PORT: port } = values;
  return {
    serviceUrl: values.EVENKEEL_URL,
    storageServerId: values.STORAGE_SERVER_ID as StorageServerId,
    ...readCredentials(values.CREDENTIALS_FILE),
    stateFile: values.STATE_FILE,
    callback: port === undefined ? undefined : { host, port },
    logLevel: values.LOG_LEVEL,
  };
}

export function readVariables<Schema extends z.ZodObject>(
  variables: Schema,
  environment: Environment,
): z.output<Schema> {
  const result = variables.safeParse(environment);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const name = String(path[0]);
  const value = environment[name] === undefined ? "" : `=${environment[name]}`;
  throw new EnvironmentError(`${name}${value}: ${message}`);
}

function readCredentials(file: string): z.output<typeof credentialsSchema> {
  const fail = (reason: string) => new EnvironmentError(`CREDENTIALS_FILE=${file}: ${reason}`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw fail(`cannot be read: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw fail("is not JSON");
  }
  const result = credentialsSchema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw fail(`${path.join(".") || "content"}: ${message}`);
}
