import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { expect, it } from "vitest";
import { runToEnd, startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";

const fixtures = fileURLToPath(new URL("../fixtures/tls/", import.meta.url));
const file = (name: string): string => join(fixtures, name);
const pem = (name: string): Buffer => readFileSync(file(name));

const SERVED = { TLS_CERT_FILE: file("server.pem"), TLS_KEY_FILE: file("server.key") };

function start(environment: Record<string, string>) {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  return startProgram({ DATABASE_URL, ...environment });
}

/** A caller that trusts the test's authority and, with a name, shows a certificate. */
async function health(url: string, shows?: string) {
  const certificate = shows ? { cert: pem(`${shows}.pem`), key: pem(`${shows}.key`) } : {};
  const dispatcher = new Agent({ connect: { ca: pem("ca.pem"), ...certificate } });
  try {
    const { statusCode, headers } = await request(`${url}/healthz`, { dispatcher });
    return { status: statusCode, headers };
  } finally {
    await dispatcher.destroy();
  }
}

it("serves HTTPS, and tells browsers to insist on it", async () => {
  const { url } = await start(SERVED);
  expect(url).toMatch(/^https:/);
  const { status, headers } = await health(url);
  expect([status, headers["strict-transport-security"]]).toEqual([200, expect.any(String)]);
  await expect(request(url.replace("https:", "http:"))).rejects.toThrow();
});

it("asks clients for a certificate of the authority, where one is named", async () => {
  const { url } = await start({ ...SERVED, TLS_CLIENT_CA_FILE: file("ca.pem") });
  expect((await health(url, "client")).status).toBe(200);
  await expect(health(url)).rejects.toThrow();
  await expect(health(url, "stranger")).rejects.toThrow();
});

it("takes another certificate on SIGHUP, and keeps the old one where that is bad", async () => {
  const directory = temporaryDirectory();
  const own = { TLS_CERT_FILE: join(directory, "c.pem"), TLS_KEY_FILE: join(directory, "k.pem") };
  const put = (name: string) => {
    copyFileSync(file(`${name}.pem`), own.TLS_CERT_FILE);
    copyFileSync(file(`${name}.key`), own.TLS_KEY_FILE);
  };
  put("server");
  const { url, process } = await start(own);
  const shown = () =>
    new Promise<string>((resolve) => {
      const { port } = new URL(url);
      const socket = connectTls({ port: Number(port), host: "127.0.0.1", ca: pem("ca.pem") });
      socket.once("secureConnect", () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
  const reread = async (line: RegExp) => {
    const told = new Promise<void>((resolve) => {
      const look = (data: Buffer) => {
        if (!line.test(String(data))) return;
        process.stdout!.off("data", look);
        resolve();
      };
      process.stdout!.on("data", look);
    });
    process.kill("SIGHUP");
    await told;
  };
  expect(await shown()).toBe("server");
  put("client");
  await reread(/certificate reread/);
  expect(await shown()).toBe("client");
  writeFileSync(own.TLS_CERT_FILE, "no certificate");
  await reread(/the certificate stays as it was/);
  expect(await shown()).toBe("client");
});

it.each([
  ["without a key", { TLS_CERT_FILE: file("server.pem") }, /TLS_KEY_FILE is missing/],
  ["without a certificate", { TLS_CLIENT_CA_FILE: file("ca.pem") }, /TLS_CERT_FILE is missing/],
  [
    "with the key of another",
    { ...SERVED, TLS_KEY_FILE: file("client.key") },
    /not a certificate with its key/,
  ],
  ["with a file that is not there", { ...SERVED, TLS_KEY_FILE: "/none" }, /TLS_KEY_FILE=\/none/],
])("refuses to start %s, in one line", async (_name, environment, message) => {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const { code, stderr } = await runToEnd({ PORT: "0", DATABASE_URL, ...environment });
  expect([code, stderr.trimEnd().split("\n").length]).toEqual([1, 1]);
  expect(stderr).toMatch(message);
});
