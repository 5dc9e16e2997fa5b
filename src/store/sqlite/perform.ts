import { StoreError } from "../store.ts";
import { storeErrorOf } from "./failures.ts";
import type { Engine, Failure, Outcome, Request } from "./protocol.ts";

/** Carries out one request; its failure is an outcome like another. */
export function perform(engine: Engine, file: string, { method, parameters }: Request): Outcome {
  const call = engine[method] as (...parameters: readonly unknown[]) => unknown;
  try {
    return { result: call(...parameters) };
  } catch (error) {
    return { failure: failureOf(error, file) };
  }
}

export function failureOf(thrown: unknown, file: string): Failure {
  const error = storeErrorOf(thrown, file);
  if (error instanceof StoreError) return { reason: error.reason, message: error.message };
  return { message: error instanceof Error ? error.message : String(error) };
}
