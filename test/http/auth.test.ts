import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startService } from "../support/service.ts";
import { bearer, tokensFile } from "../support/tokens.ts";

describe("with tokens", () => {
  it("rereads the tokens, and keeps them when the new file is bad", async () => {
    const file = tokensFile();
    const client = await startService({ TOKENS_FILE: file });
    writeFileSync(file, "[{}]");
    client.service.reread();
    expect((await client.get("/v1/cluster", bearer("viewer"))).status).toBe(200);
    writeFileSync(file, "[]");
    client.service.reread();
    const { status, body, headers } = await client.get("/v1/cluster", bearer("viewer"));
    expect([status, body.code]).toEqual([401, "unauthenticated"]);
    expect(headers["www-authenticate"]).toBe("Bearer");
  });
});

describe("without tokens", () => {
  it("takes everybody on this machine for admin, but no page of elsewhere", async () => {
    const client = await startService();
    expect((await client.put("/v1/links/l", {})).status).toBe(201);
    const foreign: Record<string, string>[] = [
      { host: "evil.example" },
      { host: "127.0.0.1.evil.example" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ];
    for (const headers of foreign) {
      const { status, body } = await client.post("/v1/link-assignments/auto", undefined, headers);
      expect([headers, status, body.code]).toEqual([headers, 403, "foreign-origin"]);
    }
    const own = { host: "localhost:8080", origin: "http://localhost:8080" };
    expect((await client.post("/v1/link-assignments/auto", undefined, own)).status).toBe(200);
  });

  it("refuses to be served elsewhere", async () => {
    await expect(startService({ HOST: "0.0.0.0" })).rejects.toThrow(/set TOKENS_FILE/);
  });
});
