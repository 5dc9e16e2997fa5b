/** The records of the cluster state, in the words of the field (US 2021/0278970 A1). */
import type { AddressMap } from "./address-map.ts";

declare const brand: unique symbol;
/** An identifier that the compiler keeps apart from identifiers of other things. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type StorageServerId = Id<"storage server">;
export type ProcessId = Id<"process">;
export type RNodeId = Id<"R-node">;
export type CNodeId = Id<"C-node">;
export type DNodeId = Id<"D-node">;
export type LinkId = Id<"link">;
export type VolumeId = Id<"volume">;

/** The form of every id (case-sensitive, ordered by code unit). */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** The largest number of addresses, and the largest revision: 2^53 − 1. */
export const MAX_ADDRESS_COUNT = Number.MAX_SAFE_INTEGER;

/** Fractions (transfer, tolerance, replication cost) are exact multiples of 1 / 1,000,000. */
export const MICRO = 1_000_000;
/** Weights are exact multiples of 1 / 1,000. */
export const MILLI = 1_000;

/** `draining` takes no new work and is emptied by the next rebalance. */
export type ServiceState = "active" | "draining";
export type LinkState = "up" | "down";
export type Labels = Readonly<Record<string, string>>;

/** `revision` of a record is the revision in which the record itself last changed. */
interface Versioned {
  readonly revision: number;
}

export interface StorageServer extends Versioned {
  readonly id: StorageServerId;
  /** Where updates are pushed to; without one the server pulls. */
  readonly callbackUrl?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly state: ServiceState;
  /** The revision of the registration: a changed callback starts a new one. */
  readonly registeredRevision: number;
  /** The revision in which an operator cut it off. It is over when the server is heard of again. */
  readonly fencedRevision?: number | undefined;
}

/** A process hosts exactly one R-node and one C-node, and optionally a D-node (¶28). */
export interface Process extends Versioned {
  readonly id: ProcessId;
  readonly storageServerId: StorageServerId;
  readonly rNodeId: RNodeId;
  readonly cNodeId: CNodeId;
  readonly dNodeId?: DNodeId | undefined;
  /** Capacity in thousandths: 1 … 1,000,000. */
  readonly weightMilli: number;
  readonly state: ServiceState;
}

/** An IP link to the target system (¶31, ¶36). */
export interface Link extends Versioned {
  readonly id: LinkId;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly labels?: Labels | undefined;
  /** Set: only an R-node of this server may hold the link. */
  readonly storageServerId?: StorageServerId | undefined;
  readonly state: LinkState;
}

/** A row of the assignment table as it is distributed (FIG. 6), with the link's far end. */
export interface LinkAssignment extends Versioned {
  readonly linkId: LinkId;
  readonly rNodeId: RNodeId;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** An address space and its part of the A2C table (FIG. 5). `revision`: its map's last change. */
export interface Volume extends Versioned {
  readonly id: VolumeId;
  /** Number of addresses: 1 … 2^53 − 1, a multiple of `extentBlocks`. */
  readonly blockCount: number;
  readonly extentBlocks: number;
  /** Tells a volume from an earlier one of the same id. */
  readonly createdRevision: number;
  readonly map: AddressMap;
}

export interface Settings extends Versioned {
  /** ρ in millionths; unset: as Eq. 1 assumes, N_R / N. */
  readonly replicationCostMicro?: number | undefined;
}

/**
 * What a storage server proves itself and the service with. Never part of a record with history:
 * credentials must not be read back from an old revision.
 */
export interface Credentials {
  /** `whsec_…`, the key of the signature on every push. */
  readonly signingSecret: string;
  /** Signs as well until `previousSecretUntil` (milliseconds since 1970), while a secret rotates. */
  readonly previousSecret?: string | undefined;
  readonly previousSecretUntil?: number | undefined;
  /** SHA-256 of the server's bearer token, in hex. */
  readonly tokenSha256: string;
}

/** A run of addresses, both ends included, and the C-node that owns it. */
export interface OwnedRange {
  readonly firstLba: number;
  readonly lastLba: number;
  readonly cNodeId: CNodeId;
}

/** A row of the A2C table. */
export interface A2cEntry extends OwnedRange {
  readonly volumeId: VolumeId;
}
