/**
 * What may be on a disk when the power fails: what was synced, and of the rest any part in any
 * order. A name is durable when its directory has been synced, a file's content when the file has.
 */
import { dirname } from "node:path";
import type { Random } from "../support/random.ts";
import { type Change, Content } from "./content.ts";
import { type Fate, keptChanges, keptNames } from "./fates.ts";
import type { Event } from "./trace.ts";

interface File {
  readonly isDirectory: boolean;
  readonly synced: Content;
  unsynced: Change[];
}

type Names = Map<string, File>;

/** A name that came, or went. */
interface Naming {
  readonly path: string;
  readonly file: File | undefined;
}

export class Disk {
  readonly #names: Names = new Map();
  readonly #durable: Names = new Map();
  /** Since their directory was synced. */
  #unsynced: Naming[] = [];

  /** `directory` is there and durable. */
  constructor(directory: string) {
    for (const names of [this.#names, this.#durable]) names.set(directory, newFile(true));
  }

  take(event: Event): void {
    switch (event.kind) {
      case "make directory":
      case "create":
        if (this.#names.has(event.path)) break;
        this.#name({ path: event.path, file: newFile(event.kind === "make directory") });
        break;
      case "unlink":
        if (this.#names.has(event.path)) this.#name({ path: event.path, file: undefined });
        break;
      case "write":
      case "truncate":
        this.#names.get(event.path)?.unsynced.push(event);
        break;
      case "sync":
        this.#sync(event.path);
    }
  }

  /** The files that are found afterwards. */
  afterPowerLoss(fate: Fate, random: Random): Map<string, Buffer> {
    const names = new Map(this.#durable);
    for (const naming of keptNames(this.#unsynced, fate, random)) put(names, naming);
    const found = new Map<string, Buffer>();
    for (const [path, { isDirectory, synced, unsynced }] of names) {
      // What is in a directory whose own name is lost is lost too.
      if (isDirectory || !names.has(dirname(path))) continue;
      found.set(path, synced.copy().apply(keptChanges(unsynced, fate, random)).bytes);
    }
    return found;
  }

  #name(naming: Naming): void {
    put(this.#names, naming);
    this.#unsynced.push(naming);
  }

  #sync(path: string): void {
    const file = this.#names.get(path);
    if (file) {
      file.synced.apply(file.unsynced);
      file.unsynced = [];
    }
    const inside = (naming: Naming) => dirname(naming.path) === path;
    for (const naming of this.#unsynced.filter(inside)) put(this.#durable, naming);
    this.#unsynced = this.#unsynced.filter((naming) => !inside(naming));
  }
}

function newFile(isDirectory: boolean): File {
  return { isDirectory, synced: new Content(), unsynced: [] };
}

function put(names: Names, { path, file }: Naming): void {
  if (file) names.set(path, file);
  else names.delete(path);
}
