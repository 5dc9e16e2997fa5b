/** The program cannot start; `message` says in one line what is wrong and what to do about it. */
export class StartError extends Error {
  override readonly name = "StartError";
}
