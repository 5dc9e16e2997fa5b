/**
 * The storage server's side as a library: what a storage server, real or simulated, embeds to
 * receive the tables, to know what its own C-nodes may serve, and to route by them.
 */
import type { Clock } from "../core/clock.ts";
import type { LinkRow } from "../core/delta.ts";
import type {
  CNodeId,
  LinkId,
  LinkState,
  OwnedRange,
  ProcessId,
  StorageServerId,
  VolumeId,
} from "../core/model.ts";

export interface AgentOptions {
  readonly storageServerId: StorageServerId;
  /** Where the service listens, as `http://127.0.0.1:8080`. */
  readonly serviceUrl: string;
  /** The server's own bearer token, as its registration returned it. */
  readonly token?: string | undefined;
  /** `whsec_…`; two while a secret rotates: a signature of either is taken. */
  readonly signingSecrets: readonly string[];
  /** The tables as last acknowledged; its directory must exist. */
  readonly stateFile: string;
  /** No callback is registered: the agent asks for updates itself, in long polls. */
  readonly pulls?: boolean;
  readonly clock: Clock;
  /** From 0 to below 1: spreads retries, chooses among linked R-nodes. */
  readonly random: () => number;
  /** What the server knows of its own links and load, for the reports. */
  readonly links?: () => readonly LinkHealth[];
  readonly processes?: () => readonly ProcessLoad[];
  /** Called after each change that is durable. */
  readonly onChange?: () => void;
  /** What an operator of the server should hear of: a damaged file, refused content, an alarm. */
  readonly onWarning?: (message: string, details: object) => void;
}

export interface LinkHealth {
  readonly linkId: LinkId;
  readonly state: LinkState;
}

/** Work per second, in a unit of the server's own choice; the same for all of its processes. */
export interface ProcessLoad {
  readonly processId: ProcessId;
  readonly cNodeLoad: number;
  readonly rNodeLoad: number;
}

/** A push as it came in; header names are in lower case, as Node has them. */
export interface IncomingPush {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What to answer to a push: a row of the table of answers. */
export interface PushAnswer {
  readonly status: number;
  readonly body?: object | undefined;
}

/** Where the receiver is; generation 0, revision 0 and a digest of zeros before the first update. */
export interface AgentPosition {
  readonly generation: number;
  readonly revision: number;
  readonly digest: string;
  /** Addresses that came up to this revision may be served. */
  readonly settledRevision: number;
}

/** A run of addresses of one volume, both ends included. */
export interface AddressRun {
  readonly volumeId: VolumeId;
  readonly firstLba: number;
  readonly lastLba: number;
}

/** Whether a C-node may execute a command on some addresses. */
export type Admission =
  | { readonly kind: "serve" }
  /** The C-node does not own `lba` (the first such address) in the tables that this server has. */
  | { readonly kind: "not-owner"; readonly lba: number }
  /** It owns `lba`, which came with `revision`, but whoever had it may still be serving it. */
  | { readonly kind: "not-settled"; readonly lba: number; readonly revision: number };

export interface Agent {
  /**
   * Reads the file, reports, and goes on reporting (and pulling) until it is closed. The callback
   * should be listened at before: the report makes the service push what is missing at once.
   */
  start(): Promise<void>;
  /** To be called with every request at the callback; answers once the outcome is durable. */
  receive(push: IncomingPush): Promise<PushAnswer>;
  position(): AgentPosition;
  /** Splits an I/O by the A2C table (¶41); empty where the volume, or a part of it, is unknown. */
  split(run: AddressRun): OwnedRange[];
  /** Whether one of this server's C-nodes may execute a command on all of `run` now. */
  admit(cNodeId: CNodeId, run: AddressRun): Admission;
  /** A linked R-node for a replication request, uniformly among all of them (¶44). */
  chooseLink(): LinkRow | undefined;
  /** Which storage server hosts a C-node, and in which process. */
  locate(
    cNodeId: CNodeId,
  ): { readonly processId: ProcessId; readonly storageServerId: StorageServerId } | undefined;
  /** Reports now, beside the regular reports; for tests and for news of links. */
  report(): Promise<void>;
  /** Ends reports, pulls and fetches; what is being written is finished. */
  close(): Promise<void>;
}
