/** Calls over a real connection whose bodies the test sends as it likes. */
import { type Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Client } from "./service.ts";

export interface Received {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export function open(
  client: Pick<Client, "address">,
  path: string,
  headers: Record<string, string | number> = {},
  { method = "PUT", agent }: { readonly method?: string; readonly agent?: Agent } = {},
) {
  const call = request(`${client.address}${path}`, {
    method,
    ...(agent ? { agent } : {}),
    headers: {
      "content-type": "application/json",
      ...(path.startsWith("/v1/a2c") ? { "if-match": "*" } : {}),
      ...headers,
    },
  });
  const answer = new Promise<Received>((resolve, reject) => {
    call.once("response", (response) => {
      const { statusCode: status, headers } = response;
      text(response).then((content) => {
        resolve({ status, headers, body: content === "" ? undefined : JSON.parse(content) });
      }, reject);
    });
    // After the answer the connection may be closed while the rest of the body is under way.
    call.on("error", reject);
  });
  // Whoever waits for it hears of that.
  answer.catch(() => {});
  return { call, answer };
}

/** Waits for what comes by itself, without a look at the time. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
