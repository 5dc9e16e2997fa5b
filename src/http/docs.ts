/** Swagger UI at /docs and the document at /openapi.json. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import type { Access } from "./auth.ts";
import type { OpenApiDocument } from "./openapi.ts";

/**
 * Nothing is loaded for API answers. The page of Swagger UI needs its own files, styles set on
 * elements, and to call this service. `upgrade-insecure-requests` is left out: it breaks the page
 * on a plain-http host name.
 */
export const DOCS_CONTENT_POLICY = {
  api: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
  page: {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "frame-ancestors": ["'none'"],
  },
};

export async function addDocs(app: FastifyInstance, document: OpenApiDocument): Promise<void> {
  await app.register(async (pages) => {
    pages.decorate("access", { role: "open" } satisfies Access);
    await pages.register(swagger, {
      mode: "static",
      specification: { document: document as never },
    });
    const text = JSON.stringify(document);
    pages.get("/openapi.json", (_request, reply) => reply.type("application/json").send(text));
    await pages.register(swaggerUi, {
      routePrefix: "/docs",
      staticCSP: toPolicy(DOCS_CONTENT_POLICY.page),
      theme: { title: "Evenkeel" },
      uiConfig: {
        layout: "BaseLayout",
        validatorUrl: null,
        docExpansion: "list",
        deepLinking: true,
        tryItOutEnabled: true,
      },
    });
  });
}

function toPolicy(directives: Record<string, string[]>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(" ")}`)
    .join("; ");
}
