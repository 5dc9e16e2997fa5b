/**
 * The one place where a receiver's state changes: push, pull, reference and news are taken one
 * after another, and each is durable before the next, and before it is answered.
 */
import { formatDigest } from "../core/digest.ts";
import { type SettledNews, settle } from "./hand-over.ts";
import type { AgentOptions, AgentPosition, PushAnswer } from "./interface.ts";
import { type Message, parseMessage, type ReferenceMessage } from "./message.ts";
import { receive, rejected } from "./receive.ts";
import { FRESH_STATE, type ReceiverState } from "./receiver-state.ts";
import { readStateFile, StateFile } from "./state-file.ts";

export interface ReceiverParts
  extends Pick<AgentOptions, "storageServerId" | "stateFile" | "onChange" | "onWarning"> {
  /** Called with a snapshot that is to be fetched, and then to be taken. */
  readonly onReference: (reference: ReferenceMessage) => void;
}

export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #file: StateFile;
  #state = FRESH_STATE;
  #isOpen = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#file = new StateFile(parts.stateFile);
  }

  /** What is durable. */
  get state(): ReceiverState {
    return this.#state;
  }

  /** Takes up what the file has; a damaged one counts for nothing. */
  async open(): Promise<void> {
    const { stateFile, storageServerId, onWarning } = this.#parts;
    const { state, damage } = await readStateFile(stateFile, storageServerId);
    this.#state = state;
    this.#isOpen = true;
    if (damage !== undefined) {
      onWarning?.("the state file is damaged: beginning anew", { stateFile, damage });
    }
  }

  /** A message as it came, in JSON. */
  take(json: unknown): Promise<PushAnswer> {
    return this.#oneByOne(async () => {
      if (!this.#isOpen) return { status: 503, body: { status: "starting" } };
      const parsed = parseMessage(json);
      if (parsed.kind === "malformed") return this.#refused(rejected(parsed.detail));
      const { message } = parsed;
      const taken = receive(this.#state, message, this.#parts.storageServerId);
      await this.#keep(taken.state, message);
      if (taken.fetch) this.#parts.onReference(taken.fetch);
      return taken.answer.status === 422 ? this.#refused(taken.answer) : taken.answer;
    });
  }

  /** What the service says to be settled; it counts only for who is at its head. */
  takeNews({ generation, revision, settledRevision }: SettledNews): Promise<void> {
    return this.#oneByOne(async () => {
      const state = settle(this.#state, { generation, revision, settledRevision });
      if (state === this.#state) return;
      const clusterId = state.clusterId ?? "";
      const heading = { type: "tables.update", clusterId, generation } as const;
      await this.#keep(state, { ...heading, kind: "settled", revision, settledRevision });
    });
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #keep(state: ReceiverState, message: Message): Promise<void> {
    if (state === this.#state) return;
    await this.#file.keep(state, message);
    this.#state = state;
    this.#parts.onChange?.();
  }

  #refused(answer: PushAnswer): PushAnswer {
    this.#parts.onWarning?.("content was refused, and the last good one kept", answer.body ?? {});
    return answer;
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

export function positionOf(state: ReceiverState): AgentPosition {
  const { generation, revision, digest, settledRevision } = state;
  return { generation, revision, digest: formatDigest(digest), settledRevision };
}
