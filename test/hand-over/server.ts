/** A storage server: the receiver's real state machine, a file that survives it, and crashes. */

import { decodeState } from "../../src/agent/decode-state.ts";
import { admit, type SettledNews, settle } from "../../src/agent/hand-over.ts";
import type { PushAnswer } from "../../src/agent/interface.ts";
import { parseMessage } from "../../src/agent/message.ts";
import { receive } from "../../src/agent/receive.ts";
import { encodeState, FRESH_STATE, type ReceiverState } from "../../src/agent/receiver-state.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { StorageServerId } from "../../src/core/model.ts";

export class SimulatedServer {
  readonly id: StorageServerId;
  /** Counts its starts: messages of one life do not reach the next. */
  life = 0;
  /** Absent: it is down. */
  state: ReceiverState | undefined = FRESH_STATE;
  #file: string | undefined;
  readonly #writesFile: boolean;
  #served: { readonly of: ReceiverState; readonly addresses: readonly string[] } | undefined;

  constructor(id: StorageServerId, writesFile: boolean) {
    this.id = id;
    this.#writesFile = writesFile;
  }

  /** Handles a push; ends in a crash before or after the file is written where it is to. */
  take(body: string, crash?: "before the file" | "after the file"): PushAnswer | undefined {
    const parsed = parseMessage(JSON.parse(body));
    if (parsed.kind === "malformed") throw new Error(`malformed: ${parsed.detail}`);
    const { state, answer } = receive(this.state!, parsed.message, this.id);
    if (crash === "before the file") return this.crash();
    this.#keep(state);
    return crash === "after the file" ? this.crash() : answer;
  }

  takeNews(news: SettledNews): void {
    this.#keep(settle(this.state!, news));
  }

  report() {
    const { generation, revision, digest } = this.state!;
    return { generation, revision, digest: formatDigest(digest) };
  }

  crash(): undefined {
    this.state = undefined;
    this.life++;
  }

  restart(): void {
    const kept = this.#file;
    this.state = kept === undefined ? FRESH_STATE : decodeState(JSON.parse(kept));
  }

  /** Loses its file, as a machine with a new disk. */
  wipe(): void {
    this.crash();
    this.#file = undefined;
  }

  /** The addresses that its C-nodes serve now. */
  served(): readonly string[] {
    const { state } = this;
    if (!state) return [];
    if (this.#served?.of !== state) this.#served = { of: state, addresses: this.#list(state) };
    return this.#served.addresses;
  }

  #keep(state: ReceiverState): void {
    if (state === this.state) return;
    if (this.#writesFile || this.#file === undefined) this.#file = [...encodeState(state)].join("");
    this.state = state;
  }

  #list(state: ReceiverState): string[] {
    const addresses: string[] = [];
    for (const [volumeId, map] of state.volumes.entries()) {
      for (let lba = 0; lba < map.blockCount; lba++) {
        const run = { volumeId, firstLba: lba, lastLba: lba };
        const { kind } = admit(state, this.id, map.ownerAt(lba), run);
        if (kind === "serve") addresses.push(`${volumeId} ${lba}`);
      }
    }
    return addresses;
  }
}
