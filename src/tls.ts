/** The certificate that HTTPS is served with, read from files at the start and again on SIGHUP. */
import { readFileSync } from "node:fs";
import { createSecureContext, type Server } from "node:tls";
import type { Logger } from "pino";
import { StartError } from "./start-error.ts";

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients must show a certificate that one of these authorities has signed. */
  readonly clientCaFile?: string | undefined;
}

/** As Node's TLS server takes it; PEM. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: "TLSv1.2";
}

/** Refuses with a `StartError` that names the variable, and the file. */
export function readTls({ certFile, keyFile, clientCaFile }: TlsFiles): TlsOptions {
  const cert = read("TLS_CERT_FILE", certFile);
  const key = read("TLS_KEY_FILE", keyFile);
  const ca = clientCaFile === undefined ? undefined : read("TLS_CLIENT_CA_FILE", clientCaFile);
  try {
    createSecureContext({ cert, key, ...(ca ? { ca } : {}) });
  } catch (error) {
    const files = `TLS_CERT_FILE=${certFile} and TLS_KEY_FILE=${keyFile}`;
    throw new StartError(
      `${files}: not a certificate with its key in PEM: ${(error as Error).message}`,
    );
  }
  const asksClients = ca !== undefined;
  return {
    cert,
    key,
    ...(ca ? { ca } : {}),
    requestCert: asksClients,
    rejectUnauthorized: asksClients,
    minVersion: "TLSv1.2",
  };
}

/** Connections that are open keep the certificate that they were made with. */
export function rereadTls(server: unknown, files: TlsFiles, logger: Logger): void {
  try {
    (server as Server).setSecureContext(readTls(files));
    logger.info("certificate reread");
  } catch (error) {
    logger.error(`${(error as Error).message}; the certificate stays as it was`);
  }
}

function read(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(`${variable}=${file}: cannot be read: ${(error as Error).message}`);
  }
}
