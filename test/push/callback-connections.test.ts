/**
 * Zero connections outside the allow-list, seen by sockets that really listen: by registration
 * through the whole service, and by the transport alone, as if registration had let it through.
 */
import { EventEmitter, once } from "node:events";
import type { RequestListener } from "node:http";
import { describe, expect, test } from "vitest";
import { parseCallbackPolicy, type Resolve } from "../../src/push/callback-policy.ts";
import { createTransport, type Transport } from "../../src/push/transport.ts";
import { startService } from "../support/service.ts";
import { type Canaries, listenEverywhere } from "./canaries.ts";
import { realClock } from "./manual-clock.ts";
import { allowedUrls, forbiddenUrls, misplacedUrls, NAMES } from "./spellings.ts";

const digest = `xor-sha256:${"0f".repeat(32)}`;
const applied: RequestListener = (_, response) =>
  void response.end(JSON.stringify({ status: "applied", generation: 1, revision: 2, digest }));
const closing: RequestListener = (request, response) => {
  response.setHeader("connection", "close");
  applied(request, response);
};

const addressesOf = (addresses: readonly string[]) =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
const names: Record<string, string[]> = { ...NAMES, "here.test": ["127.0.0.1"] };
const resolve: Resolve = async (name) => {
  const addresses = names[name.replace(/\.$/, "")];
  if (!addresses) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
  return addressesOf(addresses);
};

/** Answers in turn, and then always the last. */
function turning(...answers: string[][]): Resolve {
  return async () => addressesOf(answers.length > 1 ? answers.shift()! : answers[0]!);
}

const allow = ({ port }: Canaries) => `127.0.0.1/32@${port}`;

function transportTo(canaries: Canaries, network: Resolve = resolve): Transport {
  const policy = parseCallbackPolicy(allow(canaries), network);
  return createTransport({ policy, clock: realClock });
}

const push = (url: string, serverId = "s-1") => ({
  serverId,
  url,
  body: Buffer.from("{}"),
  headers: {},
});

/** A service, and what it says of the first push that comes to nothing. */
async function serviceTo(canaries: Canaries, network: Resolve = resolve) {
  const failures = new EventEmitter<{ failure: [string] }>();
  const write = (line: string) => {
    const { msg, error } = JSON.parse(line);
    if (msg === "a push has failed") failures.emit("failure", error);
  };
  const failure = once(failures, "failure").then(([error]) => String(error));
  const environment = { CALLBACK_ALLOW: allow(canaries), LOG_LEVEL: "info" };
  const surroundings = { log: { write }, resolve: network };
  const client = await startService(environment, undefined, {}, surroundings);
  return { client, failure };
}

describe("every spelling of what is not allowed", () => {
  test("is refused by registration, with the field and the cure", async () => {
    const canaries = await listenEverywhere(applied);
    const { client } = await serviceTo(canaries);
    const known = await client.put("/v1/storage-servers/known", {});
    expect(known.status).toBe(201);
    const calls: [string, string, (callbackUrl: string) => object, string][] = [
      ["PUT", "/v1/storage-servers/new", (callbackUrl) => ({ callbackUrl }), ""],
      ["PATCH", "/v1/storage-servers/known", (callbackUrl) => ({ callbackUrl }), ""],
      [
        "POST",
        "/v1/topology",
        (callbackUrl) => ({ storageServers: [{ id: "new", callbackUrl }] }),
        "storageServers[0].",
      ],
    ];
    const wrong: unknown[] = [];
    for (const url of [...forbiddenUrls(canaries), ...misplacedUrls(canaries)]) {
      for (const [method, path, bodyOf, prefix] of calls) {
        const { status, body } = await client.call(method, path, bodyOf(url));
        const isRefused = status === 400 || status === 422;
        const names = body.errors?.[0]?.path === `${prefix}callbackUrl` && body.correction !== "";
        if (!isRefused || !names) wrong.push({ url, method, status, body });
      }
    }
    expect(wrong).toEqual([]);
    expect((await client.get("/v1/cluster")).body.revision).toBe(known.revision);
    expect([canaries.strays, canaries.arrivals]).toEqual([[], []]);
  });

  test("is not connected to, whatever registration said", async () => {
    const canaries = await listenEverywhere(applied);
    const transport = transportTo(canaries);
    for (const url of forbiddenUrls(canaries)) {
      expect([url, (await transport.send(push(url))).kind]).toEqual([url, "failed"]);
    }
    await transport.close();
    expect([canaries.strays, canaries.arrivals]).toEqual([[], []]);
  });

  test("is not connected to by a server that is connected to rightly", async () => {
    const canaries = await listenEverywhere(applied);
    const transport = transportTo(canaries);
    const right = `http://127.0.0.1:${canaries.port}/`;
    for (const url of forbiddenUrls(canaries).slice(0, 50)) {
      expect((await transport.send(push(right))).kind).toBe("applied");
      expect([url, (await transport.send(push(url))).kind]).toEqual([url, "failed"]);
    }
    await transport.close();
    expect(canaries.strays).toEqual([]);
  });
});

test("what is allowed is connected to, however it is spelt", async () => {
  const canaries = await listenEverywhere(closing);
  const transport = transportTo(canaries);
  const { client } = await serviceTo(canaries, async () => addressesOf(["127.0.0.1"]));
  const urls = allowedUrls(canaries);
  for (const [i, url] of urls.entries()) {
    expect([url, (await transport.send(push(url))).kind]).toEqual([url, "applied"]);
    const { status } = await client.put(`/v1/storage-servers/s-${i}`, { callbackUrl: url });
    expect([url, status]).toEqual([url, 201]);
  }
  await transport.close();
  await client.service.close();
  expect(canaries.strays).toEqual([]);
  expect(canaries.arrivals.length).toBeGreaterThanOrEqual(urls.length);
});

describe("a name that changes", () => {
  test("between registration and connection leads nowhere, and the delivery says why", async () => {
    const canaries = await listenEverywhere(applied);
    const { client, failure } = await serviceTo(canaries, turning(["127.0.0.1"], ["127.0.0.2"]));
    const callbackUrl = `http://turns.test:${canaries.port}/`;
    expect((await client.put("/v1/storage-servers/s-1", { callbackUrl })).status).toBe(201);
    expect(await failure).toMatch(/turns\.test resolves to 127\.0\.0\.2.*not allowed/);
    expect([canaries.strays, canaries.arrivals]).toEqual([[], []]);
  });

  test.each([
    ["at every second question", [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]]],
    ["from one family to the other", [["127.0.0.1"], ["::1"], ["127.0.0.1"], ["::1"]]],
    [
      "from some to more",
      [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]],
    ],
  ])("%s is connected to where it was judged, or not at all", async (_name, answers) => {
    const canaries = await listenEverywhere(closing);
    const transport = transportTo(canaries, turning(...answers));
    const kinds: string[] = [];
    for (const _ of answers) {
      kinds.push((await transport.send(push(`http://localhost:${canaries.port}/`))).kind);
    }
    await transport.close();
    expect(kinds).toEqual(["applied", "failed", "applied", "failed"]);
    expect([canaries.strays, canaries.arrivals.length]).toEqual([[], 2]);
  });
});

describe("a redirect", () => {
  const targets = ({ port, otherPort }: Canaries) => [
    `http://127.0.0.2:${port}/`,
    `http://127.2:${port}/`,
    `//127.0.0.2:${port}/`,
    `http://[::1]:${port}/`,
    `http://127.0.0.1:${otherPort}/`,
    `http://elsewhere.test:${port}/`,
    // To where it may go, too: that is another receiver's.
    `http://127.0.0.1:${port}/other`,
    "/other",
  ];

  test.each([300, 301, 302, 303, 305, 307, 308])("%i is not followed", async (status) => {
    const requests: string[] = [];
    let target = "";
    const canaries = await listenEverywhere(({ url = "" }, response) => {
      requests.push(url);
      const hints = { refresh: `0; url=${target}`, "alt-svc": `http/1.1="127.0.0.2:1"` };
      response.writeHead(status, { location: target, "content-location": target, ...hints }).end();
    });
    const transport = transportTo(canaries);
    const url = `http://127.0.0.1:${canaries.port}/tables`;
    const all = targets(canaries);
    for (target of all) {
      const detail = `answered ${status}, a redirect, which is not followed`;
      expect(await transport.send(push(url))).toEqual({ kind: "failed", detail });
    }
    await transport.close();
    expect(canaries.strays).toEqual([]);
    expect(requests).toEqual(all.map(() => "/tables"));
  });

  test("leaves its mark on the delivery, and nothing else", async () => {
    const canaries = await listenEverywhere((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.2:${canaries.port}/` }).end();
    });
    const { client, failure } = await serviceTo(canaries);
    const callbackUrl = `http://127.0.0.1:${canaries.port}/`;
    await client.put("/v1/storage-servers/s-1", { callbackUrl });
    expect(await failure).toMatch("a redirect, which is not followed");
    expect(canaries.strays).toEqual([]);
  });
});
