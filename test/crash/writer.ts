/** One who writes without a pause until the program is gone, and knows what must be there then. */
import { isDeepStrictEqual } from "node:util";
import type { Random } from "../support/random.ts";
import type { Answer, Caller, Write } from "./caller.ts";
import type { History } from "./history.ts";
import type { Change, Found, Subject } from "./subjects.ts";

const KEPT_CHARACTERS_MAX = 64 * 1024;
const TOLD_CHARACTERS_MAX = 500;

type Sent = Change & Pick<Write, "key">;

export class Writer {
  readonly #name: string;
  readonly #subject: Subject;
  readonly #random: Random;
  #count = 0;
  /** What must be there, but for what has not been answered. */
  #content: string | undefined;
  #acknowledged: { readonly sent: Sent; readonly answer: Answer } | undefined;
  #unanswered: Sent | undefined;
  readonly figures = { acknowledged: 0, unanswered: 0, repeated: 0 };

  constructor(name: string, subject: Subject, random: Random) {
    this.#name = name;
    this.#subject = subject;
    this.#random = random;
  }

  /** What went wrong, in words. */
  async writeUntilGone(caller: Caller, onSent: () => void): Promise<string[]> {
    for (;;) {
      const n = this.#count++;
      const key = this.#random.chance(0.4) ? `${this.#name}-${n}` : undefined;
      const sent: Sent = { ...this.#subject.change(n), key };
      const answered = caller.call(sent);
      onSent();
      const answer = await answered;
      if (!answer) {
        this.#unanswered = sent;
        this.figures.unanswered++;
        return [];
      }
      if (answer.status >= 300) return [this.#told(sent, answer)];
      this.#take(sent, answer);
    }
  }

  /** After a start, when nobody else writes: what is missing, or there twice, in words. */
  async check(caller: Caller, history: History): Promise<string[]> {
    const found = await this.#subject.find(caller, history);
    const unanswered = this.#unanswered;
    this.#unanswered = undefined;
    const applied = unanswered !== undefined && found.content === unanswered.content;
    const mistakes = [];
    if (this.#content !== undefined && !applied) mistakes.push(...this.#missing(found));
    mistakes.push(...(await this.#repeatAcknowledged(caller)));
    if (unanswered?.key !== undefined) {
      mistakes.push(...(await this.#repeatUnanswered(caller, unanswered, applied && found)));
    } else if (applied) {
      this.#content = found.content;
      this.#acknowledged = undefined;
    } else if (unanswered) {
      // It is done anew, so that the next one finds what it builds upon.
      this.#count--;
    }
    return mistakes;
  }

  #missing({ content, revision }: Found): string[] {
    if (content !== this.#content) {
      return [`${this.#name} finds ${content} where ${this.#content} was acknowledged`];
    }
    const acknowledged = this.#acknowledged?.answer.revision;
    if (revision === undefined || acknowledged === undefined || revision === acknowledged)
      return [];
    return [`${this.#name} finds ${content} of ${revision}, acknowledged as ${acknowledged}`];
  }

  async #repeatAcknowledged(caller: Caller): Promise<string[]> {
    if (this.#acknowledged?.sent.key === undefined) return [];
    const { sent, answer } = this.#acknowledged;
    const again = await caller.demand(sent);
    this.figures.repeated++;
    if (isDeepStrictEqual(again, kept(sent, answer))) return [];
    return [`${this.#told(sent, again)}, and before ${brief(answer)}`];
  }

  async #repeatUnanswered(caller: Caller, sent: Sent, applied: Found | false): Promise<string[]> {
    const { revision: head } = await caller.read("/v1/cluster");
    const answer = await caller.demand(sent);
    this.figures.repeated++;
    const isTaken = answer.status < 300;
    const told = this.#told(sent, answer);
    if (isTaken) this.#take(sent, answer);
    if (!applied) return isTaken ? [] : [told];
    const now = (await caller.read("/v1/cluster")).revision;
    const { revision } = applied;
    const isSame = isTaken && now === head && answer.revision === (revision ?? answer.revision);
    return isSame
      ? []
      : [`${told} though it had been done in ${revision ?? "a revision not known"}`];
  }

  #take(sent: Sent, answer: Answer): void {
    this.figures.acknowledged++;
    // A rebalance that finds nothing to move leaves nothing behind.
    if (answer.body?.state === "no-op") return;
    this.#acknowledged = { sent, answer };
    this.#content = sent.content;
  }

  #told(sent: Sent, { status, body }: Answer): string {
    const key = sent.key === undefined ? "" : ` (${sent.key})`;
    return `${sent.method} ${sent.path}${key} is answered ${status}: ${brief(body)}`;
  }
}

/** What there is of an answer when its call is sent again: of a large one, where it is found. */
function kept({ path }: Sent, answer: Answer): Answer {
  const isLarge = JSON.stringify(answer.body ?? "").length > KEPT_CHARACTERS_MAX;
  return isLarge ? { ...answer, body: { reference: answer.location ?? path } } : answer;
}

const brief = (value: unknown) => JSON.stringify(value)?.slice(0, TOLD_CHARACTERS_MAX);
