import { readFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { parseCallbackPolicy } from "../../src/push/callback-policy.ts";
import type { PushCertificates } from "../../src/push/guarded-connector.ts";
import { createTransport, type Transport } from "../../src/push/transport.ts";
import { realClock } from "./manual-clock.ts";

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
const authority = { ca: pem("ca.pem") };
const client = { cert: pem("client.pem"), key: pem("client.key") };
const stranger = { cert: pem("stranger.pem"), key: pem("stranger.key") };

const digest = `xor-sha256:${"0f".repeat(32)}`;
const applied = { generation: 1, revision: 2, digest };
const failed = (words: string) => ({ kind: "failed", detail: expect.stringContaining(words) });

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Receiver {
  readonly port: number;
  /** Whose certificates came with the pushes that were taken. */
  readonly callers: string[];
}

async function receiver(options: object = {}): Promise<Receiver> {
  const callers: string[] = [];
  const own = { cert: pem("server.pem"), key: pem("server.key"), ...options };
  const server: Server = createServer(own, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    callers.push(subject ? String(subject.CN) : "nobody");
    response.end(JSON.stringify({ status: "applied", ...applied }));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, callers };
}

const demanding = { ...authority, requestCert: true, rejectUnauthorized: true };

function transportWith(certificates: () => PushCertificates): Transport {
  const policy = parseCallbackPolicy("127.0.0.0/8", async () => [
    { address: "127.0.0.1", family: 4 },
  ]);
  const transport = createTransport({ policy, clock: realClock, certificates });
  open.push(() => transport.close());
  return transport;
}

const pushTo = (port: number, host = "127.0.0.1") => ({
  serverId: "s-1",
  url: `https://${host}:${port}/updates`,
  body: Buffer.from("{}"),
  headers: {},
});

describe("a push over https", () => {
  test("goes to who has a certificate of the authority, by address and by name", async () => {
    const { port, callers } = await receiver();
    const transport = transportWith(() => authority);
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await transport.send(pushTo(port, host))).toEqual({ kind: "applied", ...applied });
    }
    expect(callers).toEqual(["nobody", "nobody"]);
  });

  test("shows its certificate to who demands one", async () => {
    const { port, callers } = await receiver(demanding);
    const transport = transportWith(() => ({ ...authority, ...client }));
    expect(await transport.send(pushTo(port))).toEqual({ kind: "applied", ...applied });
    expect(callers).toEqual(["client"]);
  });

  test("takes other certificates with the next connection", async () => {
    const { port, callers } = await receiver(demanding);
    let certificates: PushCertificates = { ...authority, ...stranger };
    const transport = transportWith(() => certificates);
    expect(await transport.send(pushTo(port))).toMatchObject({ kind: "failed" });
    certificates = { ...authority, ...client };
    expect(await transport.send(pushTo(port))).toEqual({ kind: "applied", ...applied });
    expect(callers).toEqual(["client"]);
  });
});

describe("nothing is sent, and the failure says why,", () => {
  test.each<[string, PushCertificates]>([
    ["without an authority", {}],
    ["with another authority", { ca: pem("stranger.pem") }],
  ])("to who has a certificate of an unknown authority: %s", async (_name, certificates) => {
    const { port, callers } = await receiver();
    const answer = await transportWith(() => certificates).send(pushTo(port));
    expect(answer).toEqual(failed("signed by nobody who is trusted"));
    expect(answer).toEqual(failed("PUSH_CA_FILE"));
    expect(callers).toEqual([]);
  });

  test("to who has a certificate for another name", async () => {
    const { port, callers } = await receiver();
    const answer = await transportWith(() => authority).send(pushTo(port, "elsewhere.test"));
    expect(answer).toEqual(failed("its certificate is another's"));
    expect(answer).toEqual(failed("elsewhere.test"));
    expect(callers).toEqual([]);
  });

  test.each(["TLSv1.2", "TLSv1.3"])("to who demands a certificate, over %s", async (version) => {
    const { port, callers } = await receiver({ ...demanding, maxVersion: version });
    const answer = await transportWith(() => authority).send(pushTo(port));
    expect(answer).toEqual(failed("PUSH_CERT_FILE"));
    expect(callers).toEqual([]);
  });

  test("to who speaks no TLS", async () => {
    const plain = createPlainServer();
    await new Promise<void>((resolve) => void plain.listen(0, "127.0.0.1", resolve));
    open.push(async () => void plain.close());
    const { port } = plain.address() as AddressInfo;
    const answer = await transportWith(() => authority).send(pushTo(port));
    expect(answer).toEqual(failed("TLS failed: "));
  });
});
