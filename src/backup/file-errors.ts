import { StoreError } from "../store/store-error.ts";

/** The file system's own errors in the words of the store; others stay as they are. */
export function fileErrorOf(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof StoreError || typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) {
    return error;
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StoreError("full", `${file} can't grow, the disk is full: make room (${code})`);
  }
  return new StoreError("unavailable", `${file} can't be read or written: ${message}`);
}
