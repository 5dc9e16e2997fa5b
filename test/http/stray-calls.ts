/** Calls with a canary in every place where a caller may put a secret, on purpose or by mistake. */
import type { RouteParts } from "../../src/http/parts.ts";
import { allEndpoints } from "../../src/http/routes/index.ts";
import type { Client } from "../support/service.ts";
import { bearer } from "../support/tokens.ts";

export const KEY = "canary-idempotency-key";
const FIELD = `canary-field-${"x".repeat(5_000)}`;

/** Of a call that is wrong in whatever way there is. */
const strayHeaders = {
  "x-api-key": "canary-header",
  cookie: "session=canary-cookie",
  "user-agent": "canary-user-agent",
  referer: "http://127.0.0.1/?canary-referer",
  "if-match": '"canary-if-match"',
  "if-none-match": '"canary-if-none-match"',
  "last-event-id": "canary-last-event-id",
  "proxy-authorization": "Basic canary-proxy",
};
const strayQuery = "access_token=canary-query&limit=canary-limit&pageToken=canary-page-token";
const strayBodies: readonly unknown[] = [
  "canary-body",
  '{"canary-member": canary-value',
  { [FIELD]: "canary-value", signingSecret: "canary-value", token: { deep: "canary-value" } },
  { entries: [{ firstLba: "canary-value", [FIELD]: 1 }], callbackUrl: ["canary-value"] },
  { storageServers: [{ id: { canary: "canary-value" } }], reason: 1, links: "canary-value" },
];

export const endpoints = allEndpoints({} as RouteParts);
/** With ids in place of its parameters. */
export const filled = (url: string, id: string) =>
  url.replace(":revision", "1").replace(/:\w+/g, id);

/** Every call with everything wrong, from everybody. */
export async function sendStrays(client: Client, tokens: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  const callers = [
    ...tokens.map(bearer),
    bearer("canary-token"),
    { authorization: "Basic canary-basic" },
    { authorization: "canary-authorization" },
  ];
  const callbacks = [
    "http://canary-user:canary-password@127.0.0.1/",
    "http://8.8.8.8/?key=canary-query",
    "http://127.0.0.1/#canary-fragment",
    "canary-url",
  ];
  const send = async (method: string, url: string, body: unknown, headers: object) => {
    const answer = await client.call(method, url, body, { ...strayHeaders, ...headers });
    answers.push(JSON.stringify([answer.headers, answer.body]));
  };
  for (const caller of callers) {
    for (const { method, url } of endpoints) {
      const to = `${filled(url, "none")}?${strayQuery}`;
      const key = { "idempotency-key": `${KEY}-stray`, ...caller };
      await send(method, to, undefined, key);
      await send(method, to, "canary-body", { ...key, "content-type": "canary/type" });
      if (method === "GET") continue;
      for (const body of strayBodies) {
        await send(method, to, body, key);
        await send(method, filled(url, "none"), body, { ...caller, "idempotency-key": `${KEY} x` });
        await send(method, filled(url, "none"), body, caller);
      }
    }
    for (const callbackUrl of callbacks) {
      await send("PUT", "/v1/storage-servers/none", { callbackUrl }, caller);
    }
    for (const url of ["/nothing", "/v1/nothing", "/metrics", "/docs/nothing", "/v1/cluster"]) {
      await send("POST", `${url}?${strayQuery}`, undefined, caller);
    }
  }
  answers.push(await client.raw("GET / HTTP/1.1\r\ncanary-header: x\r\ncanary header\r\n\r\n"));
  return answers;
}
