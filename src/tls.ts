/**
 * The certificate that HTTPS is served with, and those that callbacks over https go by; read from
 * files at the start and again on SIGHUP.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type Server } from "node:tls";
import type { Logger } from "pino";
import type { PushCertificates } from "./push/guarded-connector.ts";
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
  const ca = clientCaFile === undefined ? undefined : readCa("TLS_CLIENT_CA_FILE", clientCaFile);
  refuseUnfit({ cert, key }, `TLS_CERT_FILE=${certFile} and TLS_KEY_FILE=${keyFile}`);
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

export interface PushTlsFiles {
  readonly caFile?: string | undefined;
  readonly client?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** Refuses with a `StartError` that names the variable, and the file. */
export function readPushCertificates({ caFile, client }: PushTlsFiles): PushCertificates {
  const ca = caFile === undefined ? {} : { ca: readCa("PUSH_CA_FILE", caFile) };
  if (client === undefined) return ca;
  const { certFile, keyFile } = client;
  const shown = { cert: read("PUSH_CERT_FILE", certFile), key: read("PUSH_KEY_FILE", keyFile) };
  refuseUnfit(shown, `PUSH_CERT_FILE=${certFile} and PUSH_KEY_FILE=${keyFile}`);
  return { ...ca, ...shown };
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

function refuseUnfit(pair: { readonly cert: Buffer; readonly key: Buffer }, files: string): void {
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new StartError(
      `${files}: not a certificate with its key in PEM: ${(error as Error).message}`,
    );
  }
}

/** Node takes a file without a certificate for an authority that has signed nothing. */
function readCa(variable: string, file: string): Buffer {
  const ca = read(variable, file);
  try {
    new X509Certificate(ca);
    return ca;
  } catch {
    throw new StartError(`${variable}=${file}: there is no certificate in PEM in it`);
  }
}

function read(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(`${variable}=${file}: cannot be read: ${(error as Error).message}`);
  }
}
