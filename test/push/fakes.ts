/** The parts that a pusher stands on, in memory, and a small cluster for it to push. */
import * as cluster from "../../src/core/cluster-state.ts";
import type { DeliveryAnswer } from "../../src/core/delivery-answers.ts";
import type { DeliveryRecord } from "../../src/core/delivery-record.ts";
import { lossesBetween } from "../../src/core/losses.ts";
import type { Credentials, Process, StorageServer, StorageServerId } from "../../src/core/model.ts";
import type { Log } from "../../src/push/log.ts";
import type { PusherParts } from "../../src/push/pusher.ts";
import type { Push, Transport } from "../../src/push/transport.ts";
import type { AddressLoss } from "../../src/store/revisions.ts";
import { DistributedHistory } from "../support/distributed-history.ts";
import type { Update } from "../support/receiver.ts";

export const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
export const serverId = (name: string) => name as StorageServerId;

export class FakeStore {
  readonly history = new DistributedHistory();
  readonly ledger = new Map<StorageServerId, DeliveryRecord>();
  readonly batches: { records: readonly DeliveryRecord[]; convergedRevision?: number }[] = [];
  readonly deltasAsked: string[] = [];
  /** Revisions in which servers lost addresses, as the store has kept them. */
  losses: AddressLoss[] = [];
  /** Awaited before each write; a test that replaces it holds writes back or breaks them. */
  beforeWrite: () => Promise<void> = async () => {};

  get state(): cluster.ClusterState {
    return this.history.head;
  }

  async deliveries(): Promise<DeliveryRecord[]> {
    return [...this.ledger.values()];
  }

  async addressLosses(): Promise<AddressLoss[]> {
    return this.losses;
  }

  async changesBetween(from: number, to: number) {
    this.deltasAsked.push(`${from}-${to}`);
    return from < this.floor ? undefined : this.history.between(from, to);
  }

  /** Nothing is made from below it. */
  floor = 0;

  async recordDeliveries(
    records: readonly DeliveryRecord[],
    converged?: { readonly revision: number },
  ): Promise<void> {
    await this.beforeWrite();
    this.batches.push({
      records,
      ...(converged ? { convergedRevision: converged.revision } : {}),
    });
    for (const record of records) this.ledger.set(record.storageServerId, record);
  }

  register(name: string, callbackUrl: string | undefined, secret = SECRET): cluster.ClusterState {
    return this.history.commit((state) => {
      const revision = cluster.nextRevision(state);
      const id = serverId(name);
      const server: StorageServer = {
        id,
        callbackUrl,
        state: "active",
        registeredRevision: revision,
        revision,
      };
      const credentials: Credentials = { signingSecret: secret, tokenSha256: "" };
      return cluster.putCredentials(cluster.putStorageServer(state, server), id, credentials);
    });
  }

  remove(name: string): cluster.ClusterState {
    return this.history.commit((state) => cluster.removeStorageServer(state, serverId(name)));
  }

  /** Commits a change, and keeps who lost addresses by it. */
  commit(change: (state: cluster.ClusterState) => cluster.ClusterState): cluster.ClusterState {
    const before = this.state;
    const after = this.history.commit(change);
    if (before.generation !== after.generation) this.losses = [];
    for (const { key, after: revision } of lossesBetween(before, after)) {
      if (revision === undefined)
        this.losses = this.losses.filter((l) => l.storageServerId !== key);
      else this.losses.push({ storageServerId: key, revision });
    }
    return after;
  }

  /** A revision that changes the distributed state. */
  change(name = `n${this.state.revision}`): cluster.ClusterState {
    return this.history.commit((state) => {
      const nodes = { rNodeId: `r-${name}`, cNodeId: `c-${name}` };
      const fields = { id: `p-${name}`, storageServerId: "s-1", weightMilli: 1000, ...nodes };
      const revision = cluster.nextRevision(state);
      return cluster.putProcess(state, { ...fields, state: "active", revision } as Process);
    });
  }
}

/** A message under way, to be answered by the test. */
export interface UnderWay {
  readonly push: Push;
  readonly update: Update;
  answer(answer: DeliveryAnswer): void;
  /** Answers as a server would that has applied it. */
  apply(): void;
}

export class FakeTransport implements Transport {
  readonly underWay: UnderWay[] = [];
  readonly sent: UnderWay[] = [];
  readonly forgotten: string[] = [];
  /** Answers at once where it is set. */
  automatic: ((push: Push, update: Update) => DeliveryAnswer) | undefined;

  send(push: Push): Promise<DeliveryAnswer> {
    const update = JSON.parse(Buffer.from(push.body).toString()) as Update;
    return new Promise((resolve) => {
      const item: UnderWay = {
        push,
        update,
        answer: (answer) => {
          this.underWay.splice(this.underWay.indexOf(item), 1);
          resolve(answer);
        },
        apply: () => item.answer(appliedTo({ ...update, digest: this.#digestAt(push, update) })),
      };
      this.sent.push(item);
      this.underWay.push(item);
      if (this.automatic) item.answer(this.automatic(push, update));
    });
  }

  /** What is settled comes without a digest: the server answers with that of what it has. */
  #digestAt({ serverId: id }: Push, { digest, generation, revision }: Update): string {
    if (digest) return digest;
    const same = ({ push, update }: UnderWay) =>
      push.serverId === id && update.generation === generation && update.revision === revision;
    return this.sent.find((item) => same(item) && item.update.digest)!.update.digest;
  }

  /** The one message under way to a server. */
  to(name: string): UnderWay {
    const found = this.underWay.filter(({ push }) => push.serverId === name);
    if (found.length !== 1) throw new Error(`${found.length} messages under way to ${name}`);
    return found[0]!;
  }

  forget(id: string): void {
    this.forgotten.push(id);
  }

  async close(): Promise<void> {}
}

export function appliedTo({ generation, revision, digest }: Update): DeliveryAnswer {
  return { kind: "applied", generation, revision, digest };
}

export class RecordingLog implements Log {
  readonly isLevelEnabled = () => true;
  readonly lines: { level: string; fields: object; message: string }[] = [];
  readonly #writer = (level: string) => (fields: object, message: string) =>
    void this.lines.push({ level, fields, message });
  readonly debug = this.#writer("debug");
  readonly info = this.#writer("info");
  readonly warn = this.#writer("warn");
  readonly error = this.#writer("error");
}

export function partsWith(
  parts: Pick<PusherParts, "store" | "transport" | "clock"> & Partial<PusherParts>,
): PusherParts {
  const publicUrl = async () => "http://127.0.0.1:8080";
  const floorRevision = () => 0;
  return { random: () => 0.5, log: new RecordingLog(), publicUrl, floorRevision, ...parts };
}
