/** The store cannot be opened or used; `message` says what is wrong and what to do, in a line. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly reason: "unavailable" | "full" | "outcome-unknown";

  constructor(reason: StoreError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
