/** A source system of real HTTP receivers on loopback, registered at a service. */
import { join } from "node:path";
import type { AddressRun, AgentOptions } from "../agent/interface.ts";
import { invariant } from "../core/errors.ts";
import type { ProcessId, RNodeId, StorageServerId } from "../core/model.ts";
import type { Layout } from "./layout.ts";
import type { ServiceCalls } from "./service-calls.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedStorageServer } from "./storage-server.ts";
import { TargetSystem } from "./target-system.ts";

const LINK_LATENCY = 5;

export interface SourceSystemParts extends Pick<AgentOptions, "clock" | "random" | "onChange"> {
  readonly layout: Layout;
  readonly service: ServiceCalls;
  /** For the servers' state files. */
  readonly directory: string;
}

export class SourceSystem {
  readonly layout: Layout;
  readonly servers: readonly SimulatedStorageServer[];
  /** In the order of the layout. */
  readonly processes: readonly SimulatedProcess[];
  readonly target = new TargetSystem(LINK_LATENCY);
  /** Of all volumes together. */
  readonly addressCount: number;
  readonly #serverById: ReadonlyMap<StorageServerId, SimulatedStorageServer>;
  readonly #processById: ReadonlyMap<ProcessId, SimulatedProcess>;
  readonly #processByRNode: ReadonlyMap<RNodeId, SimulatedProcess>;

  private constructor(layout: Layout, servers: readonly SimulatedStorageServer[]) {
    this.layout = layout;
    this.servers = servers;
    this.#serverById = new Map(servers.map((server) => [server.id, server]));
    const processes = servers.flatMap((server) => server.processes);
    this.#processById = new Map(processes.map((process) => [process.spec.id, process]));
    this.#processByRNode = new Map(processes.map((process) => [process.spec.rNodeId, process]));
    this.processes = layout.processes.map(({ id }) => this.processOf(id));
    this.addressCount = layout.volumes.reduce((sum, { blockCount }) => sum + blockCount, 0);
  }

  /** Registers the servers for their secrets, starts them, and then registers everything. */
  static async start(parts: SourceSystemParts): Promise<SourceSystem> {
    const { layout, service } = parts;
    const ids = layout.storageServers.map((id) => ({ id }));
    const { created } = await service.register({ storageServers: ids });
    const servers = await Promise.all(created.storageServers.map((own) => startServer(parts, own)));
    const system = new SourceSystem(layout, servers);
    const { processes, links, linkAssignments, volumes } = layout;
    await service.register({
      storageServers: servers.map(({ id, callbackUrl }) => ({ id, callbackUrl })),
      processes,
      links: links.map((id) => ({ id })),
      linkAssignments,
      volumes,
    });
    return system;
  }

  serverOf({ spec }: SimulatedProcess): SimulatedStorageServer {
    const server = this.#serverById.get(spec.storageServerId);
    invariant(server, `storage server ${spec.storageServerId} is part of the system`);
    return server;
  }

  processOf(id: ProcessId): SimulatedProcess {
    const process = this.#processById.get(id);
    invariant(process, `process ${id} is part of the system`);
    return process;
  }

  processOfRNode(rNodeId: RNodeId): SimulatedProcess {
    const process = this.#processByRNode.get(rNodeId);
    invariant(process, `R-node ${rNodeId} is part of the system`);
    return process;
  }

  /** The address at a place, counted over all volumes. */
  runAt(place: number): AddressRun {
    let first = 0;
    for (const { id: volumeId, blockCount } of this.layout.volumes) {
      const lba = place - first;
      if (lba < blockCount) return { volumeId, firstLba: lba, lastLba: lba };
      first += blockCount;
    }
    throw new RangeError(`place ${place} of ${this.addressCount}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

function startServer(
  { layout, service, directory, ...parts }: SourceSystemParts,
  { id, signingSecret, token }: { id: string; signingSecret: string; token: string },
): Promise<SimulatedStorageServer> {
  const storageServerId = id as StorageServerId;
  return SimulatedStorageServer.start({
    ...parts,
    storageServerId,
    serviceUrl: service.url,
    token,
    signingSecrets: [signingSecret],
    stateFile: join(directory, `${id}.tables`),
    hosted: layout.processes.filter((process) => process.storageServerId === storageServerId),
  });
}
