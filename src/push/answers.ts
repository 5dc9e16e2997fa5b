/** What a storage server's HTTP answer means (the table of answers in distribution). */
import { z } from "zod";
import type { DeliveryAnswer } from "../core/delivery-answers.ts";

const DETAIL_LENGTH_MAX = 500;

const revision = z.int().min(0);
const digest = z.string().regex(/^xor-sha256:[0-9a-f]{64}$/);
const appliedBody = z.object({
  status: z.enum(["applied", "unchanged"]),
  generation: revision,
  revision,
  digest,
});
const gapBody = z.object({
  status: z.literal("gap"),
  reason: z.enum(["revision", "digest"]),
  generation: revision,
  revision,
});
const rejectedBody = z.object({ status: z.literal("rejected"), detail: z.string() });

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: string;
}

/**
 * A reader that remembers the last answer of those who have applied an update: a thousand servers
 * that have applied the same one say the same, word for word.
 */
export function createAnswerReader(): typeof readAnswer {
  let last: { readonly body: string; readonly answer: DeliveryAnswer } | undefined;
  return (answer, now) => {
    if (answer.status !== 200) return readAnswer(answer, now);
    const { body } = answer;
    if (last?.body !== body) last = { body, answer: readAnswer(answer, now) };
    return last.answer;
  };
}

/** `now` is in milliseconds since 1970, for a `Retry-After` that names a date. */
export function readAnswer({ status, retryAfter, body }: HttpAnswer, now: number): DeliveryAnswer {
  switch (status) {
    case 200: {
      const parsed = appliedBody.safeParse(jsonOf(body));
      if (!parsed.success) return misshapen(status, parsed.error);
      const { status: _, ...position } = parsed.data;
      return { kind: "applied", ...position };
    }
    case 202:
      return { kind: "accepted" };
    case 409: {
      const parsed = gapBody.safeParse(jsonOf(body));
      if (!parsed.success) return misshapen(status, parsed.error);
      const { status: _, ...gap } = parsed.data;
      return { kind: "gap", ...gap };
    }
    case 410:
      return { kind: "gone" };
    case 422: {
      const parsed = rejectedBody.safeParse(jsonOf(body));
      const detail = parsed.success ? parsed.data.detail : "without saying why";
      return { kind: "rejected", detail: `refused: ${detail.slice(0, DETAIL_LENGTH_MAX)}` };
    }
    case 429:
    case 503:
      return {
        kind: "busy",
        detail: `answered ${status}`,
        retryAfterMs: delayMsOf(retryAfter, now),
      };
    default: {
      const redirect = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
      return { kind: "failed", detail: `answered ${status}${redirect}` };
    }
  }
}

/** `Retry-After` is a number of seconds or an HTTP date; anything else is as if it were absent. */
export function delayMsOf(retryAfter: string | undefined, now: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function misshapen(status: number, error: z.ZodError): DeliveryAnswer {
  const [issue] = error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  const detail = `answered ${status} with a body that cannot be used: ${where}${issue?.message}`;
  return { kind: "failed", detail: detail.slice(0, DETAIL_LENGTH_MAX) };
}
