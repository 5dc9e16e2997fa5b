/** Helmet's headers, worked out once: they are the same for every answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import helmet from "helmet";
import { DOCS_CONTENT_POLICY } from "./docs.ts";

/** `secure`: served over HTTPS, so that browsers may be told to insist on it. */
export function securityHeaders(secure: boolean): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const collector = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  const middleware = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: DOCS_CONTENT_POLICY.api },
    hsts: secure,
    crossOriginOpenerPolicy: secure,
    originAgentCluster: secure,
    // For browsers and plug-ins that are gone.
    dnsPrefetchControl: false,
    ieNoOpen: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
  });
  // The options hold no functions, so helmet asks nothing of the request and answers at once.
  middleware({} as IncomingMessage, collector as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}
