/** Requests for every call of the OpenAPI document, each nearly as it should be. */
import { readFileSync } from "node:fs";
import type { Random } from "../support/random.ts";
import { anyText } from "./hostile.ts";
import { mutatedText } from "./mutate.ts";

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly example?: unknown;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Absent: it takes no body. */
  readonly body?: unknown;
}

const document = JSON.parse(
  readFileSync(new URL("../../openapi/openapi.json", import.meta.url), "utf8"),
);

// What holds a connection open: these requests have none.
const LEFT_OUT = /\/(events|updates|backups)$/;

export const operations: readonly Operation[] = Object.entries(
  document.paths as Record<string, Record<string, never>>,
)
  .filter(([path]) => !LEFT_OUT.test(path))
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const { parameters = [], requestBody } = operation as {
        parameters?: Parameter[];
        requestBody?: { content: Record<string, { example?: unknown }> };
      };
      const body = requestBody?.content["application/json"]?.example;
      const upper = method.toUpperCase();
      return requestBody
        ? { method: upper, path, parameters, body: body ?? {} }
        : { method: upper, path, parameters };
    }),
  );

/** Half of them have nothing wrong but their body, and some nothing at all. */
export function anyRequest(random: Random): FuzzRequest {
  const { method, path, parameters, body } = random.pick(operations);
  const value = ({ example }: Parameter): string =>
    random.chance(0.15) ? anyText(random) : String(example ?? anyText(random));
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let url = path;
  for (const parameter of parameters) {
    if (parameter.in === "path") {
      url = url.replace(`{${parameter.name}}`, pathText(random, value(parameter)));
    } else if (parameter.name !== "wait" && (parameter.required || random.chance(0.3))) {
      if (parameter.in === "query") query.append(parameter.name, value(parameter));
      else if (/^[\x20-\x7e]*$/.test(value(parameter))) headers[parameter.name] = value(parameter);
    }
  }
  if (random.chance(0.05)) query.append(anyText(random), anyText(random));
  const text = body === undefined ? undefined : mutatedText(random, body);
  if (text !== undefined) headers["content-type"] = contentType(random);
  // The version that the cluster has is not known here; any of the generation will often do.
  if (headers["If-Match"] !== undefined) headers["If-Match"] = `"1.${random.below(1000)}"`;
  for (const name of Object.keys(headers)) if (!isHeaderText(headers[name]!)) delete headers[name];
  const search = query.toString();
  return { method, url: search === "" ? url : `${url}?${search}`, headers, body: text };
}

/** Mostly written as it must be; now and then as it came. */
function pathText(random: Random, text: string): string {
  if (random.chance(0.02)) return text.replace(/[^\x21-\x7e]|[?#/]/g, "%00");
  // Half a character cannot be written in a URL.
  return encodeURIComponent(Buffer.from(text).toString());
}

function contentType(random: Random): string {
  if (random.chance(0.95)) return "application/json";
  return random.pick([
    "text/plain",
    "application/xml",
    "application/json; charset=utf-16",
    "a/b/c",
  ]);
}

const isHeaderText = (text: string): boolean => /^[\x20-\x7e]+$/.test(text);
