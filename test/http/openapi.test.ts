import { expect, it } from "vitest";
import { openApiDocument } from "../../src/http/openapi.ts";
import type { RouteParts } from "../../src/http/parts.ts";
import { allEndpoints } from "../../src/http/routes/index.ts";

// The document is made from the endpoints alone; what they work with is needed only to answer.
const document = openApiDocument(allEndpoints({} as RouteParts));

/** `npm run openapi` writes it. */
it("is checked in as it is served", async () => {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../../openapi/openapi.json");
});

interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, { content?: Record<string, { example?: unknown }> }>;
}

const operations = Object.entries(
  document.paths as Record<string, Record<string, Operation>>,
).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);

it.each(operations)("$name has a description, an example and its statuses", ({ operation }) => {
  expect(operation.summary).toBeTruthy();
  expect(operation.description).toBeTruthy();
  const contents = [
    ...Object.values(operation.requestBody?.content ?? {}),
    ...Object.values(operation.responses).flatMap((answer) => Object.values(answer.content ?? {})),
  ];
  for (const content of contents) expect(content.example).toBeDefined();
  const statuses = Object.keys(operation.responses);
  expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
});

it("names every operation once", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});
