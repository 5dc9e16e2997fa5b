/** Founds the simulated cluster whose storage servers are processes of their own (compose.yaml). */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { EnvironmentError, readVariables, serviceUrl } from "../agent/environment.ts";
import { foundCluster } from "./found-cluster.ts";
import { ServiceCalls } from "./service-calls.ts";

const schema = z.object({
  EVENKEEL_URL: serviceUrl,
  /** A file with a token of an operator; without one the service must serve loopback only. */
  TOKEN_FILE: z.string().min(1).optional(),
  CREDENTIALS_DIRECTORY: z.string("must be set: where each storage server's credentials are kept"),
  CALLBACK_URLS: z
    .string()
    .regex(/^([^=,\s]+=[^,\s]+(,|$))*$/, "must be server=url, separated by commas")
    .default(""),
});

try {
  const values = readVariables(schema, process.env);
  const { EVENKEEL_URL: url, TOKEN_FILE: tokenFile } = values;
  const token = tokenFile === undefined ? undefined : readToken(tokenFile);
  const created = await foundCluster({
    service: new ServiceCalls(url.replace(/\/+$/, ""), token),
    credentialsDirectory: values.CREDENTIALS_DIRECTORY,
    callbackUrls: new Map(
      values.CALLBACK_URLS.split(",").flatMap((part) => {
        const [, id, callbackUrl] = /^([^=]+)=(.+)$/.exec(part) ?? [];
        return id !== undefined && callbackUrl !== undefined ? [[id, callbackUrl]] : [];
      }),
    ),
  });
  process.stdout.write(`the cluster of FIG. 4 is registered, ${created} storage servers are new\n`);
} catch (error) {
  process.stderr.write(`evenkeel simulator: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new EnvironmentError(`TOKEN_FILE=${file}: cannot be read: ${(error as Error).message}`);
  }
}
