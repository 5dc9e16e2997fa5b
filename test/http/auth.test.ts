import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RouteParts } from "../../src/http/parts.ts";
import { allEndpoints } from "../../src/http/routes/index.ts";
import { type Client, startService, temporaryDirectory } from "../support/service.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const ROLES = ["viewer", "operator", "admin"] as const;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function tokensFile(names: readonly string[] = ROLES): string {
  const file = join(temporaryDirectory(), "tokens.json");
  const entries = names.map((role) => ({ name: `the-${role}`, role, sha256: sha256(role) }));
  writeFileSync(file, JSON.stringify(entries));
  return file;
}

async function guardedService(): Promise<Client> {
  return startService({ TOKENS_FILE: tokensFile() });
}

/** Every call with ids filled in; the handlers are never asked. */
const calls = allEndpoints({} as RouteParts).map(({ method, url, role, storageServer }) => ({
  method,
  role,
  storageServer,
  url: url.replace(/:revision/, "1").replace(/:\w+/g, "x"),
}));

describe("with tokens", () => {
  it("denies every call without a valid token, but the open ones", async () => {
    const client = await guardedService();
    const strangers = [
      {},
      bearer("wrong"),
      { authorization: "Basic YTpi" },
      bearer(sha256("admin")),
    ];
    for (const { method, url, role } of calls) {
      for (const headers of strangers) {
        const { status, body } = await client.call(method, url, undefined, headers);
        if (role === "open") expect([url, status]).toEqual([url, 200]);
        else
          expect([method, url, status, body.code]).toEqual([method, url, 401, "unauthenticated"]);
      }
    }
    expect((await client.get("/v1/nothing")).status).toBe(401);
    expect((await client.get("/v1/cluster")).headers["www-authenticate"]).toBe("Bearer");
  });

  it("lets each role do what it may and nothing more", async () => {
    const client = await guardedService();
    for (const { method, url, role } of calls) {
      if (role === "open") continue;
      for (const own of ROLES) {
        const { status } = await client.call(method, url, undefined, bearer(own));
        const may = ROLES.indexOf(own) >= ROLES.indexOf(role);
        expect([method, url, own, status === 403]).toEqual([method, url, own, !may]);
        expect(status).not.toBe(401);
      }
    }
  });

  it("knows a storage server by its token, and gives it nothing that is not its own", async () => {
    const client = await guardedService();
    const operator = bearer("operator");
    const { body } = await client.put("/v1/storage-servers/s-1", {}, operator);
    for (const { method, url, role, storageServer } of calls) {
      if (role === "open") continue;
      const { status } = await client.call(method, url, undefined, bearer(body.token));
      const refused = storageServer !== "any";
      expect([method, url, status === 403]).toEqual([method, url, refused]);
      if (storageServer !== "own") continue;
      const own = url.replace("/x", "/s-1");
      const answer = await client.call(method, own, undefined, bearer(body.token));
      expect([method, own, answer.status]).toEqual([method, own, 400]);
    }
    await client.post("/v1/storage-servers/s-1/rotate-token", undefined, bearer("admin"));
    expect((await client.get("/v1/cluster", bearer(body.token))).status).toBe(401);
  });

  it("names the actor in the revision", async () => {
    const client = await guardedService();
    await client.put("/v1/links/l", {}, bearer("operator"));
    const { body } = await client.get("/v1/revisions/1", bearer("viewer"));
    expect(body.actor).toBe("the-operator");
  });

  it("rereads the tokens, and keeps them when the new file is bad", async () => {
    const file = tokensFile();
    const client = await startService({ TOKENS_FILE: file });
    writeFileSync(file, "[{}]");
    client.service.reread();
    expect((await client.get("/v1/cluster", bearer("viewer"))).status).toBe(200);
    writeFileSync(file, "[]");
    client.service.reread();
    expect((await client.get("/v1/cluster", bearer("viewer"))).status).toBe(401);
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
