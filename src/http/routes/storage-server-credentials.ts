/** New secrets and tokens for storage servers, each shown once. */
import { z } from "zod";
import { rotateSecret, rotateToken } from "../../operations/storage-servers.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import * as schemas from "../schemas/storage-servers.ts";
import { signingSecretExample, tokenExample } from "./examples.ts";
import { ONE_SERVER, oneServer } from "./storage-server-parts.ts";

const base = { tag: "Topology", params: oneServer } as const;

export function storageServerCredentialEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      method: "POST",
      url: `${ONE_SERVER}/rotate-secret`,
      role: "admin",
      summary: "Renew a storage server's signing secret",
      description: "For 24 hours pushes carry two signatures, of the new and of the old secret.",
      ifMatch: "optional",
      answers: {
        200: {
          description: "The new secret, shown once",
          schema: z.strictObject({ signingSecret: schemas.signingSecret }),
          example: { signingSecret: signingSecretExample },
        },
      },
      problems: [404],
      handle: async ({ params, caller }) => {
        const { answer, state } = await rotateSecret(parts, caller, params.storageServerId);
        return { status: 200, body: answer, revision: state.revision };
      },
    }),
    endpoint({
      ...base,
      method: "POST",
      url: `${ONE_SERVER}/rotate-token`,
      role: "admin",
      summary: "Renew a storage server's bearer token",
      description: "The old token is refused from then on.",
      ifMatch: "optional",
      answers: {
        200: {
          description: "The new token, shown once",
          schema: z.strictObject({ token: schemas.token }),
          example: { token: tokenExample },
        },
      },
      problems: [404],
      handle: async ({ params, caller }) => {
        const { answer, state } = await rotateToken(parts, caller, params.storageServerId);
        return { status: 200, body: answer, revision: state.revision };
      },
    }),
  ];
}
