/** What strace has seen a program do to its files, and when it has answered. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

export type Event =
  | { readonly kind: "make directory" | "unlink" | "sync"; readonly path: string }
  /** It is there from now on, if it was not before. */
  | { readonly kind: "create"; readonly path: string }
  | {
      readonly kind: "write";
      readonly path: string;
      readonly offset: number;
      readonly data: Buffer;
    }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  /** An answer begins to leave that tells of this revision, and so promises it. */
  | { readonly kind: "answer"; readonly revision: number };

/** All strings in hex and whole, the paths of descriptors, and nothing but what is looked at. */
export const TRACE = [
  ...["-f", "-I", "2", "--seccomp-bpf", "-y", "-xx", "-s", "100000000"],
  ...["-e", "trace=openat,mkdir,unlink,pwrite64,ftruncate,fsync,fdatasync,write,writev"],
];

const CALL = /^\d+\s+(\w+)\((.*)$/;
const RESUMED = /^(\d+)\s+<\.\.\. (fsync|fdatasync) resumed>.*= 0$/;
const TEXT = /"((?:\\x[0-9a-f]{2})*)"/;
const DESCRIPTOR = /^\d+<((?:\\x[0-9a-f]{2})*)>/;
const ANSWER = /^\d+<[^>]*>, (?:\[\{iov_base=)?"\\x48\\x54\\x54\\x50\\x2f/;

/** In the order in which they happened; only of files in `directory`. */
export async function readTrace(file: string, directory: string): Promise<Event[]> {
  const events: Event[] = [];
  const syncing = new Map<string, string>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [, thread, resumed] = RESUMED.exec(line) ?? [];
    const [, call, rest = ""] = CALL.exec(line) ?? [];
    if (thread !== undefined && resumed !== undefined) {
      const path = syncing.get(thread);
      if (path !== undefined) events.push({ kind: "sync", path });
      syncing.delete(thread);
    } else if (call === "fsync" || call === "fdatasync") {
      const path = descriptorOf(rest);
      if (rest.endsWith("<unfinished ...>")) syncing.set(line.split(" ")[0]!, path);
      else if (rest.endsWith("= 0")) events.push({ kind: "sync", path });
    } else if (call !== undefined) {
      const found = eventOf(call, rest, directory);
      refuseWhileSyncing(found, syncing);
      events.push(...found);
    }
  }
  const inside = (path: string) => path === directory || path.startsWith(`${directory}/`);
  return events.filter((event) => event.kind === "answer" || inside(event.path));
}

/** The sync's event is its end: what was written meanwhile would wrongly count as synced. */
function refuseWhileSyncing(events: readonly Event[], syncing: ReadonlyMap<string, string>): void {
  for (const event of events) {
    if (event.kind !== "write" || ![...syncing.values()].includes(event.path)) continue;
    throw new Error(`${event.path} is written while it is synced, which this replay can't judge`);
  }
}

function eventOf(call: string, rest: string, directory: string): Event[] {
  switch (call) {
    case "openat":
      return rest.includes("O_CREAT") ? [{ kind: "create", path: pathOf(rest, directory) }] : [];
    case "mkdir":
      return [{ kind: "make directory", path: pathOf(rest, directory) }];
    case "unlink":
      return [{ kind: "unlink", path: pathOf(rest, directory) }];
    case "ftruncate":
      return [{ kind: "truncate", path: descriptorOf(rest), size: numberIn(rest, /, (\d+)/) }];
    case "pwrite64": {
      const offset = numberIn(rest, /, \d+, (\d+)/);
      return [{ kind: "write", path: descriptorOf(rest), offset, data: bytesIn(rest) }];
    }
    default:
      return ANSWER.test(rest) ? answersIn(rest) : [];
  }
}

/** Of what is answered to a push it makes itself there is no header `revision`. */
function answersIn(rest: string): Event[] {
  const [, revision] = /\r\nrevision: (\d+)\r\n/i.exec(bytesIn(rest).toString("latin1")) ?? [];
  return revision === undefined ? [] : [{ kind: "answer", revision: Number(revision) }];
}

function bytesIn(text: string): Buffer {
  return fromHex(TEXT.exec(text)?.[1] ?? "");
}

function pathOf(rest: string, directory: string): string {
  return resolve(directory, bytesIn(rest).toString());
}

function descriptorOf(rest: string): string {
  return fromHex(DESCRIPTOR.exec(rest)?.[1] ?? "").toString();
}

function fromHex(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1]);
}
