/** Calls the program as long as it lives, over connections of its own. */
import { Pool } from "undici";

export interface Write {
  readonly method: "PUT" | "PATCH" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** With an `Idempotency-Key`. */
  readonly key?: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** The header `Revision`. */
  readonly revision: number;
  readonly etag: string | undefined;
  readonly location: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  readonly body: any;
}

export class Caller {
  readonly #pool: Pool;
  readonly #onAnswer: (answer: Answer) => void;

  constructor(url: string, onAnswer: (answer: Answer) => void) {
    this.#pool = new Pool(url, { connections: 20 });
    this.#onAnswer = onAnswer;
  }

  /** `undefined`: the program was gone before it had answered. */
  async call({ method, path, body, key }: Write | Read): Promise<Answer | undefined> {
    try {
      const {
        statusCode,
        headers,
        body: content,
      } = await this.#pool.request({
        method,
        path,
        headers: {
          ...(body && { "content-type": "application/json" }),
          ...(key !== undefined && { "idempotency-key": key }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await content.text();
      const answer: Answer = {
        status: statusCode,
        revision: Number(headers.revision),
        etag: headers.etag as string | undefined,
        location: headers.location as string | undefined,
        body: text === "" ? undefined : JSON.parse(text),
      };
      this.#onAnswer(answer);
      return answer;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Of a program that must be there. */
  async read(path: string): Promise<Answer> {
    return this.demand({ method: "GET", path });
  }

  async demand(request: Write | Read): Promise<Answer> {
    const answer = await this.call(request);
    if (!answer) throw new Error(`the program ended at ${request.method} ${request.path}`);
    return answer;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

interface Read {
  readonly method: "GET";
  readonly path: string;
  readonly body?: undefined;
  readonly key?: undefined;
}

function isGone(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code !== undefined && /^(UND_ERR_SOCKET|ECONNRESET|ECONNREFUSED|EPIPE)$/.test(code);
}
