/** What happened between the service and one receiver, in the order in which it happened. */

import type { ClusterState } from "../../src/core/cluster-state.ts";
import type { DeliveryAnswer } from "../../src/core/delivery-answers.ts";
import type { Position } from "../../src/core/delivery-record.ts";

export interface SentMessage extends Position {
  readonly kind: "snapshot" | "delta" | "settled";
  readonly fromRevision?: number | undefined;
}

export type Entry =
  /** The service has sent it; `floorRevision` is where its history began then. */
  | { kind: "sent"; at: number; message: SentMessage; floorRevision: number }
  /** What came of it, as the service has seen it. */
  | {
      kind: "answered";
      at: number;
      message: SentMessage;
      answer: DeliveryAnswer;
      head: ClusterState;
    }
  | { kind: "reported"; report: Position & { digest: string }; head: ClusterState }
  /** A new registration: what was under way for the one before does not count. */
  | { kind: "registered" }
  | { kind: "service began anew" }
  /** The receiver has made it durable. `rows` are its volumes, in words. */
  | { kind: "applied"; position: Position & { digest: string }; rows: string }
  /** The receiver begins with what its file has, which may be older, other or nothing. */
  | { kind: "receiver began anew"; position: Position };

export class Log {
  readonly entries: Entry[] = [];
  /** Messages sent since time has passed. */
  readonly #since = { at: 0, sent: 0 };

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  /** How many messages there were at this moment, with the one that is sent now. */
  countAt(now: number): number {
    if (this.#since.at !== now) Object.assign(this.#since, { at: now, sent: 0 });
    return ++this.#since.sent;
  }
}
