/** A follower of the events, over a real connection, with its own reading of the format. */
import { get, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";
import { headNotice, revisionNotice } from "../../src/http/schemas/events.ts";
import { expectDocumented } from "./documented.ts";

export interface Heard {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: { readonly generation: number; readonly revision: number; readonly kind?: string };
}

export interface Follower {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** The next so many events, in their order; fewer when the stream has ended before. */
  next(count: number): Promise<Heard[]>;
  /** Reads to the end and tells whether the service ended it well. */
  ended(): Promise<boolean>;
  /** Goes away without a word. */
  leave(): void;
}

/** Opens a stream of events at `address`, which is as `http://127.0.0.1:8080`. */
export async function follow(
  address: string,
  headers: Record<string, string> = {},
): Promise<Follower> {
  const answer = await opened(`${address}/v1/events`, headers);
  onTestFinished(() => void answer.destroy());
  const { statusCode: status = 0 } = answer;
  expectDocumented({ method: "GET", url: "/v1/events", status, headers: answer.headers });
  const events = eventsIn(answer);
  return {
    status,
    headers: answer.headers,
    async next(count) {
      const heard: Heard[] = [];
      while (heard.length < count) {
        const { value, done } = await events.next();
        if (done) break;
        heard.push(value);
      }
      return heard;
    },
    async ended() {
      try {
        while (!(await events.next()).done);
        return answer.complete;
      } catch {
        return false;
      }
    },
    leave: () => void answer.destroy(),
  };
}

function opened(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).once("error", reject);
  });
}

async function* eventsIn(answer: IncomingMessage): AsyncGenerator<Heard, void> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const heard = eventOf(block);
      if (heard) yield heard;
    }
  }
}

/** Nothing for a comment and for what is only for the reader's program. */
function eventOf(block: string): Heard | undefined {
  const lines = block.split("\n").filter((line) => !line.startsWith(":"));
  const fields = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  if (fields.data === undefined) return undefined;
  const schema = fields.event === "head" ? headNotice : revisionNotice;
  return { id: fields.id, event: fields.event, data: schema.parse(JSON.parse(fields.data)) };
}
