/**
 * Notices of what was done, in the form of server-sent events. A step is read and encoded once,
 * however many streams take it: those that follow the head are all at the same place, and those
 * that come back after a restart mostly are.
 */
import type { Position } from "../core/delivery-record.ts";
import type { Head } from "../core/delivery-state.ts";
import { type NoticeStep, noticeStep } from "../core/notice-steps.ts";
import type { RevisionRecord } from "../store/revisions.ts";
import type { Store } from "../store/store.ts";

/** Different steps that are kept. */
const STEPS_MAX = 16;

type RevisionsStep = Extract<NoticeStep, { kind: "revisions" }>;
export type NoticeHead = Pick<Head, "generation" | "revision" | "floorRevision">;

/** What a stream is given, and where it is then. The bytes are shared, and may be none. */
export interface Told {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

export interface NoticesParts {
  readonly store: Pick<Store, "headings">;
  /** The committed head of the moment, with the distributed revision. */
  readonly head: () => NoticeHead;
}

export class Notices {
  readonly #parts: NoticesParts;
  readonly #read = new Map<string, Promise<Told>>();

  constructor(parts: NoticesParts) {
    this.#parts = parts;
  }

  /** The next notices for who is at `position`; nothing for who is at the head. */
  after(position: Position | undefined): Promise<Told> | undefined {
    const head = this.#parts.head();
    const step = noticeStep(position, head);
    return step && this.#take(step, head);
  }

  #take(step: NoticeStep, head: NoticeHead): Promise<Told> {
    if (step.kind === "head") return Promise.resolve(headNotice(head));
    const key = `${head.generation}.${step.after}-${step.to}`;
    const told = this.#read.get(key) ?? this.#begin(key, step, head);
    // The step used last stands last, so that the first one is the one to let go.
    this.#read.delete(key);
    this.#read.set(key, told);
    for (const oldest of this.#read.keys()) {
      if (this.#read.size > STEPS_MAX) this.#read.delete(oldest);
    }
    return told;
  }

  #begin(key: string, step: RevisionsStep, head: NoticeHead): Promise<Told> {
    const told = this.#tell(step, head);
    told.catch(() => this.#read.delete(key));
    return told;
  }

  async #tell({ after, to }: RevisionsStep, { generation }: NoticeHead): Promise<Told> {
    const revisions = Array.from({ length: to - after }, (_, i) => after + 1 + i);
    const records = await this.#parts.store.headings(revisions);
    // The floor has been raised past them since the step was chosen.
    if (records.length < revisions.length) return headNotice(this.#parts.head());
    const distributed = records.filter((record) => record.distributedRevision === record.revision);
    const text = distributed.map((record) => revisionNotice(generation, record)).join("");
    return { position: { generation, revision: to }, bytes: Buffer.from(text) };
  }
}

function headNotice({ generation, revision }: NoticeHead): Told {
  const position = { generation, revision };
  return { position, bytes: Buffer.from(eventText("head", position, position)) };
}

/** Who did it and why is not told: storage servers listen too. */
function revisionNotice(generation: number, record: RevisionRecord): string {
  const { revision, at, kind, changed } = record;
  const data = { generation, revision, at: new Date(at).toISOString(), kind, changed };
  return eventText("revision", data, data);
}

function eventText(event: string, { generation, revision }: Position, data: object): string {
  return `id: ${generation}.${revision}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
