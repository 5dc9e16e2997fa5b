/** Why a push came to nothing, as an operator reads it in `lastError`. */

/** What Node calls a certificate that no authority it trusts stands for. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
/** A server that wants a certificate need not say so: some close the connection. */
const CLOSED = new Set(["ECONNRESET", "UND_ERR_SOCKET"]);
const WORDS_LENGTH_MAX = 500;

export interface Attempt {
  readonly isHttps: boolean;
  /** A client certificate is there to be shown. */
  readonly hasCertificate: boolean;
}

export function wordsOf(error: unknown, attempt: Attempt): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return wordsOf(error.errors[0], attempt);
  }
  if (!(error instanceof Error)) return String(error);
  const { code, reason } = error as Error & { code?: unknown; reason?: unknown };
  // Some of Node's errors have only a code.
  const message = error.message || String(code ?? error.name);
  return inWords(String(code), { message, reason }, attempt).slice(0, WORDS_LENGTH_MAX);
}

function inWords(
  code: string,
  { message, reason }: { message: string; reason: unknown },
  { isHttps, hasCertificate }: Attempt,
): string {
  if (UNTRUSTED.has(code)) {
    return `its certificate is signed by nobody who is trusted (${message}): name the authority in PUSH_CA_FILE`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `its certificate is another's: ${message}`;
  const wantsOne = hasCertificate ? "" : "; if it wants a certificate, name one in PUSH_CERT_FILE";
  // OpenSSL's own text names its source files.
  if (code.startsWith("ERR_SSL_")) return `TLS failed: ${reason}${wantsOne}`;
  return isHttps && CLOSED.has(code) ? message + wantsOne : message;
}
