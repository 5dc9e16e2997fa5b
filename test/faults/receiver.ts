/** A storage server: the reference receiver with its file, behind the fault layer. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAgent } from "../../src/agent/agent.ts";
import { withRows } from "../../src/agent/apply.ts";
import type { Agent } from "../../src/agent/interface.ts";
import { encodeState } from "../../src/agent/receiver-state.ts";
import { readStateFile } from "../../src/agent/state-file.ts";
import type { Clock } from "../../src/core/clock.ts";
import { formatDigest } from "../../src/core/digest.ts";
import type { LinkId, RNodeId, StorageServerId } from "../../src/core/model.ts";
import type { Random } from "../support/random.ts";
import { rowsOf } from "./changes.ts";
import { FaultLayer, type Holder } from "./fault-layer.ts";
import { Log } from "./log.ts";

export const ACCIDENTS = ["restart", "lost state", "old file", "other content"] as const;
export type Accident = (typeof ACCIDENTS)[number];

export interface ReceiverParts {
  readonly id: StorageServerId;
  readonly directory: string;
  /** For the signatures' age, and for whatever the receiver does by itself. */
  readonly clock: Clock;
  readonly random: Random;
  readonly holder: Holder;
  /** Called with each message as it arrives. */
  readonly onArrival?: (body: string) => void;
}

export interface Connection {
  readonly serviceUrl: string;
  readonly signingSecrets: readonly string[];
  readonly token?: string | undefined;
  /** The receiver's own timers: reports and their retries. */
  readonly clock: Clock;
}

export class FaultyReceiver {
  readonly id: StorageServerId;
  readonly layer: FaultLayer;
  readonly log = new Log();
  readonly #parts: ReceiverParts;
  readonly #file: string;
  #agent: Agent | undefined;
  #connection: Connection | undefined;
  #last = "";

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.#file = join(parts.directory, parts.id);
    this.layer = new FaultLayer({
      ...parts,
      take: async (push) => (await this.#agent?.receive(push)) ?? { status: 503 },
    });
  }

  get agent(): Agent {
    if (!this.#agent) throw new Error(`${this.id} has not been started`);
    return this.#agent;
  }

  async start(connection: Connection): Promise<void> {
    this.#connection = connection;
    const agent = createAgent({
      ...connection,
      storageServerId: this.id,
      stateFile: this.#file,
      random: this.#parts.random.fraction,
      onChange: () => this.#changed(),
    });
    this.#agent = agent;
    await agent.start();
  }

  /** Keeps a copy of the file as it is now, for an accident to come. */
  backUp(): void {
    if (existsSync(this.#file)) copyFileSync(this.#file, `${this.#file}.old`);
  }

  /** Ends and begins anew with what the accident leaves of the file; it reports at its start. */
  async meet(accident: Accident): Promise<void> {
    await this.#agent?.close();
    if (accident === "lost state") rmSync(this.#file, { force: true });
    if (accident === "old file" && existsSync(`${this.#file}.old`)) {
      copyFileSync(`${this.#file}.old`, this.#file);
    }
    if (accident === "other content") await this.#falsify();
    const { state } = await readStateFile(this.#file, this.id);
    const { generation, revision } = state;
    this.log.add({ kind: "receiver began anew", position: { generation, revision } });
    this.#last = JSON.stringify({ generation, revision, digest: formatDigest(state.digest) });
    await this.start(this.#connection!);
  }

  /** What is wrong with the file, read as at a start: all rows are added up anew. */
  async fileMistake(): Promise<string | undefined> {
    const { state, damage } = await readStateFile(this.#file, this.id);
    const { generation, revision } = this.agent.position();
    if (damage !== undefined) return `${this.id}: the file is damaged: ${damage}`;
    const same = state.generation === generation && state.revision === revision;
    return same ? undefined : `${this.id}: the file is at ${state.revision}, not ${revision}`;
  }

  async close(): Promise<void> {
    await this.layer.close();
    await this.#agent?.close();
  }

  #changed(): void {
    const { generation, revision, digest } = this.agent.position();
    const position = { generation, revision, digest };
    const text = JSON.stringify(position);
    // What is settled changes too, and is no table.
    if (text === this.#last) return;
    this.#last = text;
    const rows = rowsOf((volumeId, blockCount) =>
      this.agent.split({ volumeId, firstLba: 0, lastLba: blockCount - 1 }),
    );
    this.log.add({ kind: "applied", position, rows });
  }

  /** The same revision with a link that nobody has assigned, and checksums that fit. */
  async #falsify(): Promise<void> {
    const { state } = await readStateFile(this.#file, this.id);
    if (state.clusterId === undefined) return;
    const link = { linkId: "forged" as LinkId, rNodeId: `r-${this.id}` as RNodeId };
    const none = { volumeIds: [], processIds: [], linkIds: [] };
    const rows = { removed: none, volumes: [], nodes: [], a2c: [], linkAssignments: [link] };
    const forged = { ...state, ...withRows(state, { ...rows, digest: "" }) };
    const json = [...encodeState(forged)].join("");
    const sum = createHash("sha256").update(json).digest("hex");
    writeFileSync(this.#file, `${json}${sum}\n`);
  }
}
