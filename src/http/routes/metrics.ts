import { z } from "zod";
import { type Endpoint, endpoint } from "../endpoint.ts";
import type { RouteParts } from "../parts.ts";
import { METRICS_PATH } from "../paths.ts";

const example = `# HELP evenkeel_revision The store's head
# TYPE evenkeel_revision gauge
evenkeel_revision 42
`;

export function metricsEndpoint(parts: RouteParts): Endpoint {
  return endpoint({
    method: "GET",
    url: METRICS_PATH,
    role: "viewer",
    load: "vital",
    tag: "Service",
    summary: "Read what is measured",
    description:
      "In the text format of Prometheus, for its scraper. The README has all metrics in a table.",
    answers: {
      200: {
        description: "The metrics",
        schema: z.string().meta({ description: "Lines of the text format" }),
        contentType: "text/plain",
        example,
      },
    },
    handle: async () => {
      const { text, contentType } = await parts.metrics.read();
      return { status: 200, body: Buffer.from(text), contentType };
    },
  });
}
