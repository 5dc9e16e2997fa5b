/** Which servers, processes, links and volumes a simulated source system has. */
import type {
  CNodeId,
  LinkId,
  ProcessId,
  RNodeId,
  StorageServerId,
  VolumeId,
} from "../core/model.ts";
import type { ProcessSpec } from "./simulated-process.ts";

export interface Layout {
  readonly storageServers: readonly StorageServerId[];
  readonly processes: readonly ProcessSpec[];
  readonly links: readonly LinkId[];
  readonly linkAssignments: readonly { readonly linkId: LinkId; readonly rNodeId: RNodeId }[];
  readonly volumes: readonly VolumeSpec[];
}

export interface VolumeSpec {
  readonly id: VolumeId;
  readonly blockCount: number;
  /** Absent: as the service lays it out. */
  readonly entries?: readonly {
    readonly firstLba: number;
    readonly lastLba: number;
    readonly cNodeId: CNodeId;
  }[];
}

export interface Size {
  readonly servers: number;
  readonly processes: number;
  readonly links: number;
  readonly volumes: number;
}

const BLOCKS_PER_PROCESS = 100;

/** FIG. 4, 5 and 6: three processes, two links, one volume of 101 blocks. */
export const FIGURE_4: Layout = {
  storageServers: ["s-1", "s-2", "s-3"].map((id) => id as StorageServerId),
  processes: [
    spec("A", "s-1", "r-a", "c-1"),
    spec("B", "s-2", "r-b", "c-2"),
    spec("C", "s-3", "r-c", "c-3"),
  ],
  links: ["link-1" as LinkId, "link-2" as LinkId],
  linkAssignments: [
    { linkId: "link-1" as LinkId, rNodeId: "r-a" as RNodeId },
    { linkId: "link-2" as LinkId, rNodeId: "r-c" as RNodeId },
  ],
  volumes: [
    {
      id: "vol-1" as VolumeId,
      blockCount: 101,
      entries: [
        { firstLba: 0, lastLba: 32, cNodeId: "c-1" as CNodeId },
        { firstLba: 33, lastLba: 66, cNodeId: "c-2" as CNodeId },
        { firstLba: 67, lastLba: 100, cNodeId: "c-3" as CNodeId },
      ],
    },
  ],
};

/** Processes go round the servers, links round the processes with as even gaps as can be. */
export function layoutOf({ servers, processes, links, volumes }: Size): Layout {
  const numbered = (prefix: string, count: number) => {
    const width = String(count).length;
    return Array.from(
      { length: count },
      (_, i) => `${prefix}-${String(i + 1).padStart(width, "0")}`,
    );
  };
  const storageServers = numbered("s", servers);
  const [rNodes, cNodes] = [numbered("r", processes), numbered("c", processes)];
  const linkIds = numbered("link", links).map((id) => id as LinkId);
  const held = linkIds.slice(0, processes);
  return {
    storageServers: storageServers.map((id) => id as StorageServerId),
    processes: numbered("p", processes).map((id, i) =>
      spec(id, storageServers[i % servers]!, rNodes[i]!, cNodes[i]!),
    ),
    links: linkIds,
    linkAssignments: held.map((linkId, i) => ({
      linkId,
      rNodeId: rNodes[Math.floor((i * processes) / held.length)] as RNodeId,
    })),
    volumes: numbered("vol", volumes).map((id) => ({
      id: id as VolumeId,
      blockCount: Math.ceil((BLOCKS_PER_PROCESS * processes) / volumes),
    })),
  };
}

function spec(id: string, server: string, rNodeId: string, cNodeId: string): ProcessSpec {
  return {
    id: id as ProcessId,
    storageServerId: server as StorageServerId,
    rNodeId: rNodeId as RNodeId,
    cNodeId: cNodeId as CNodeId,
    weight: 1,
  };
}
