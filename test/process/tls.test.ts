import type { ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { expect, it, onTestFinished } from "vitest";
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

/** A certificate and its key that are exchanged while the program runs. */
class CertificateFiles {
  readonly environment: Record<string, string>;
  readonly #directory = temporaryDirectory();

  constructor(prefix: string) {
    this.environment = {
      [`${prefix}_CERT_FILE`]: join(this.#directory, "c.pem"),
      [`${prefix}_KEY_FILE`]: join(this.#directory, "k.pem"),
    };
  }

  put(name: string): void {
    copyFileSync(file(`${name}.pem`), join(this.#directory, "c.pem"));
    copyFileSync(file(`${name}.key`), join(this.#directory, "k.pem"));
  }
}

/** Resolves when the program has said so. */
async function hangUp(program: ChildProcess, line: RegExp): Promise<void> {
  const told = new Promise<void>((resolve) => {
    const look = (data: Buffer) => {
      if (!line.test(String(data))) return;
      program.stdout!.off("data", look);
      resolve();
    };
    program.stdout!.on("data", look);
  });
  program.kill("SIGHUP");
  await told;
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
  const files = new CertificateFiles("TLS");
  files.put("server");
  const { url, process } = await start(files.environment);
  const reread = (line: RegExp) => hangUp(process, line);
  const shown = () =>
    new Promise<string>((resolve) => {
      const { port } = new URL(url);
      const socket = connectTls({ port: Number(port), host: "127.0.0.1", ca: pem("ca.pem") });
      socket.once("secureConnect", () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
  expect(await shown()).toBe("server");
  files.put("client");
  await reread(/certificate reread/);
  expect(await shown()).toBe("client");
  writeFileSync(files.environment.TLS_CERT_FILE!, "no certificate");
  await reread(/the certificate stays as it was/);
  expect(await shown()).toBe("client");
});

it("pushes over https by PUSH_CA_FILE and PUSH_CERT_FILE, and rereads them on SIGHUP", async () => {
  const callers = new EventEmitter();
  const demanding = { cert: pem("server.pem"), key: pem("server.key"), ca: pem("ca.pem") };
  const receiver = createServer({ ...demanding, requestCert: true }, (request, response) => {
    callers.emit("call", (request.socket as TLSSocket).getPeerCertificate().subject.CN);
    response.writeHead(202, { connection: "close" }).end('{"status": "accepted"}');
  });
  await once(receiver.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void receiver.close());
  const callbackUrl = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const files = new CertificateFiles("PUSH");
  files.put("client");
  const { url, process } = await start({ ...files.environment, PUSH_CA_FILE: file("ca.pem") });
  const callOf = async (path: string) => {
    const called = once(callers, "call");
    const { statusCode, body } = await request(`${url}/v1/storage-servers/s-1`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ callbackUrl: callbackUrl + path }),
    });
    await body.dump();
    expect(statusCode).toBeLessThan(300);
    return (await called)[0];
  };
  expect(await callOf("first")).toBe("client");
  files.put("server");
  await hangUp(process, /push certificates reread/);
  // Another callback is another registration, and is sent everything.
  expect(await callOf("second")).toBe("server");
  writeFileSync(files.environment.PUSH_CERT_FILE!, "no certificate");
  await hangUp(process, /the push certificates stay as they were/);
  expect(await callOf("third")).toBe("server");
});

it.each([
  ["without a key", { TLS_CERT_FILE: file("server.pem") }, /TLS_KEY_FILE is missing/],
  ["without a certificate", { TLS_CLIENT_CA_FILE: file("ca.pem") }, /TLS_CERT_FILE is missing/],
  [
    "with the key of another",
    { ...SERVED, TLS_KEY_FILE: file("client.key") },
    /not a certificate with its key/,
  ],
  [
    "with half of what is shown to callbacks",
    { PUSH_KEY_FILE: file("client.key") },
    /PUSH_CERT_FILE is missing/,
  ],
  [
    "with another's key for callbacks",
    { PUSH_CERT_FILE: file("client.pem"), PUSH_KEY_FILE: file("server.key") },
    /PUSH_CERT_FILE.*not a certificate with its key/,
  ],
  [
    "with an authority that is none",
    { PUSH_CA_FILE: file("client.key") },
    /PUSH_CA_FILE.*no certificate/,
  ],
  ["with a file that is not there", { ...SERVED, TLS_KEY_FILE: "/none" }, /TLS_KEY_FILE=\/none/],
])("refuses to start %s, in one line", async (_name, environment, message) => {
  const DATABASE_URL = `sqlite:${join(temporaryDirectory(), "evenkeel.db")}`;
  const { code, stderr } = await runToEnd({ PORT: "0", DATABASE_URL, ...environment });
  expect([code, stderr.trimEnd().split("\n").length]).toEqual([1, 1]);
  expect(stderr).toMatch(message);
});
