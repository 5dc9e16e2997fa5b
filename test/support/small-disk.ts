/** The program beside a file system of its own, which is soon full; needs Linux's namespaces. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Running, startUnder } from "./program.ts";

const MOUNT = 'mount -t tmpfs -o "size=$DISK_BYTES" tmpfs "$DISK"';
/** As anybody, where the system gives user namespaces; else as root. */
const NAMESPACES = [["--user", "--map-root-user", "--mount"], ["--mount"]];

/** Why there is none, where a test skips itself. */
export const NO_SMALL_DISK = "this system gives no file system of one's own";

export interface SmallDisk {
  readonly running: Running;
  /** A path on it as it is seen from outside the namespace, as long as the process lives. */
  seen(pid: number, name: string): string;
}

/** Mounted on an empty directory; the program is started once more each time it ends. */
export function startOnSmallDisk(
  directory: string,
  { bytes, environment }: { bytes: number; environment: Record<string, string> },
): SmallDisk | undefined {
  const own = { DISK: directory, DISK_BYTES: String(bytes) };
  const options = NAMESPACES.find((namespace) => {
    const env = { PATH: process.env.PATH, ...own };
    return spawnSync("unshare", [...namespace, "sh", "-c", MOUNT], { env }).status === 0;
  });
  if (!options) return undefined;
  // A last one ends in the place of the shell, so that nothing is left behind.
  const parameters = [...options, "sh", "-c", `${MOUNT} && { "$@"; exec "$@"; }`, "sh"];
  const running = startUnder("unshare", parameters, { environment: { ...environment, ...own } });
  return { running, seen: (pid, name) => join(`/proc/${pid}/root`, directory, name) };
}
