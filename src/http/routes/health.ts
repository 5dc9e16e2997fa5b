import { z } from "zod";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { count, revision } from "../schemas/common.ts";

/** A probe may add to the address what it likes. */
const query = z.object({});
/** The problem: while the service is closing. */
const problems = [503] as const;
const base = {
  method: "GET",
  role: "open",
  load: "vital",
  tag: "Service",
  query,
  problems,
} as const;

export function healthEndpoints(parts: RouteParts): Endpoint[] {
  return [
    endpoint({
      ...base,
      url: "/healthz",
      summary: "Is it alive?",
      description: "Answers as long as the process can.",
      answers: {
        200: {
          description: "It is",
          schema: z.strictObject({ status: z.literal("ok") }),
          example: { status: "ok" },
        },
      },
      handle: () => ({ status: 200, body: { status: "ok" } }),
    }),
    endpoint({
      ...base,
      url: "/readyz",
      summary: "May it take traffic?",
      description:
        "The tables are loaded and checked, and reads are answered. With `revisionAgeSeconds` the " +
        "store is out of reach: reads are from memory, and as old as that; writes are answered with 503.",
      answers: {
        200: {
          description: "It may",
          schema: z.strictObject({
            status: z.literal("ready"),
            revision,
            storageServers: count("Registered storage servers", 3),
            revisionAgeSeconds: count("How old what is known may be", 12).optional(),
          }),
          example: { status: "ready", revision: 42, storageServers: 3 },
        },
      },
      handle: () => {
        const { revision: head, storageServers } = parts.state();
        const revisionAgeSeconds = parts.ageSeconds();
        const known = { revision: head, storageServers: storageServers.size };
        return { status: 200, body: { status: "ready", ...known, revisionAgeSeconds } };
      },
    }),
  ];
}
