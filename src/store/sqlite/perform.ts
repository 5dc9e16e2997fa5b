import { StoreError } from "../store-error.ts";
import { storeErrorOf } from "./failures.ts";
import type { Engine, Failure, Outcome, Request } from "./protocol.ts";

/** Carries out one request, or begins to; its failure is an outcome like another. */
export function perform(
  engine: Engine,
  file: string,
  { method, parameters }: Request,
): Outcome | Promise<Outcome> {
  const call = engine[method] as (...parameters: readonly unknown[]) => unknown;
  try {
    const result = call(...parameters);
    if (!(result instanceof Promise)) return { result };
    return result.then(
      (value) => ({ result: value }),
      (error: unknown) => ({ failure: failureOf(error, file) }),
    );
  } catch (error) {
    return { failure: failureOf(error, file) };
  }
}

export function failureOf(thrown: unknown, file: string): Failure {
  const error = storeErrorOf(thrown, file);
  if (error instanceof StoreError) return { reason: error.reason, message: error.message };
  return { message: error instanceof Error ? error.message : String(error) };
}
