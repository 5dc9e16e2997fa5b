/**
 * When calls are begun. In each turn of its event loop Node takes on one connection, and whatever
 * the others have sent: so a turn in which a crowd of calls is begun keeps everybody out who comes,
 * and a probe whose connection stands behind three thousand would be answered half a minute later.
 *
 * So a turn begins a few calls, and the others wait. As long as connections come, turns for some
 * milliseconds do nothing but take them on, and then begin calls for a while again.
 */

const CALLS_MAX = 32;
const CALLS_MS_MAX = 10;
const CONNECTIONS_MS_MAX = 250;
const BETWEEN_MS_MIN = 50;

/** `waitedMs`: for how long the call has waited. */
export type Begin = (waitedMs: number) => void;

export class Turns {
  readonly #now: () => number;
  readonly #waiting: { readonly begin: Begin; readonly since: number }[] = [];
  /** In this turn: how many calls have been begun, and when the first. */
  #calls = 0;
  #begunAt = 0;
  #connectionCame = false;
  /** Since when turns are for connections; absent: they are for calls. */
  #forConnectionsSince: number | undefined;
  /** Until when they stay for calls. */
  #forCallsUntil = 0;
  #endIsAwaited = false;

  /** `now` is in milliseconds since some time. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** To be called with each connection. */
  connectionCame(): void {
    this.#connectionCame = true;
    this.#awaitEnd();
  }

  /** Calls `begin` at once, or when its turn has come. */
  take(begin: Begin): void {
    this.#awaitEnd();
    const since = this.#now();
    if (this.#waiting.length === 0 && this.#hasRoom(since)) this.#begin(begin, 0);
    else this.#waiting.push({ begin, since });
  }

  #awaitEnd(): void {
    if (this.#endIsAwaited) return;
    this.#endIsAwaited = true;
    setImmediate(() => this.#end());
  }

  /** Of this turn; what is begun here belongs to the next one. */
  #end(): void {
    const now = this.#now();
    this.#endIsAwaited = false;
    this.#calls = 0;
    this.#decide(now);
    this.#connectionCame = false;
    if (this.#forConnectionsSince === undefined) this.#beginWaiting();
    if (this.#forConnectionsSince !== undefined || this.#calls > 0) this.#awaitEnd();
  }

  #decide(now: number): void {
    const since = this.#forConnectionsSince;
    if (!this.#connectionCame) this.#forConnectionsSince = undefined;
    else if (since === undefined && now >= this.#forCallsUntil) this.#forConnectionsSince = now;
    else if (since !== undefined && now - since >= CONNECTIONS_MS_MAX) {
      this.#forConnectionsSince = undefined;
      this.#forCallsUntil = now + BETWEEN_MS_MIN;
    }
  }

  #beginWaiting(): void {
    let begun = 0;
    for (; begun < this.#waiting.length; begun++) {
      const now = this.#now();
      if (!this.#hasRoom(now)) break;
      const { begin, since } = this.#waiting[begun]!;
      this.#begin(begin, now - since);
    }
    this.#waiting.splice(0, begun);
  }

  #hasRoom(now: number): boolean {
    if (this.#forConnectionsSince !== undefined || this.#calls >= CALLS_MAX) return false;
    return this.#calls === 0 || now - this.#begunAt < CALLS_MS_MAX;
  }

  #begin(begin: Begin, waitedMs: number): void {
    if (this.#calls === 0) this.#begunAt = this.#now();
    this.#calls++;
    begin(waitedMs);
  }
}
