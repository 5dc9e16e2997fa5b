/**
 * Registers the cluster of FIG. 4 for storage servers that are processes of their own, and leaves
 * each of them its credentials in a file. It may run again: what is registered stays as it is.
 */
import { access, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentError } from "../agent/environment.ts";
import type { StorageServerId } from "../core/model.ts";
import { FIGURE_4 } from "./layout.ts";
import type { Registered, ServiceCalls } from "./service-calls.ts";

export interface Founding {
  readonly service: Pick<ServiceCalls, "register">;
  /** Gets `<storage server>.json`, as an entry of `created.storageServers`. */
  readonly credentialsDirectory: string;
  /** Where servers are pushed to; one that is not named pulls. */
  readonly callbackUrls: ReadonlyMap<string, string>;
}

/** Tells how many storage servers are new. */
export async function foundCluster(founding: Founding): Promise<number> {
  const { service, credentialsDirectory: directory, callbackUrls } = founding;
  const { storageServers, processes, links, linkAssignments, volumes } = FIGURE_4;
  const { created } = await service.register({
    storageServers: storageServers.map((id) => {
      const callbackUrl = callbackUrls.get(id);
      return callbackUrl === undefined ? { id } : { id, callbackUrl };
    }),
    processes,
    links: links.map((id) => ({ id })),
    linkAssignments,
    volumes,
  });
  for (const own of created.storageServers) await keep(directory, own);
  for (const id of storageServers) await expectKept(directory, id);
  return created.storageServers.length;
}

type Credentials = Registered["created"]["storageServers"][number];

/** At once or not at all: an agent never reads the half of it. */
async function keep(directory: string, own: Credentials): Promise<void> {
  const file = fileOf(directory, own.id);
  await writeFile(`${file}.new`, JSON.stringify(own), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** They are shown once: who was registered before, and has no file, cannot be given one. */
async function expectKept(directory: string, id: StorageServerId): Promise<void> {
  try {
    await access(fileOf(directory, id));
  } catch {
    throw new EnvironmentError(
      `CREDENTIALS_DIRECTORY=${directory}: ${id} is registered, but its credentials are not here: ` +
        "begin with an empty store, or renew them (rotate-secret, rotate-token) and write the file",
    );
  }
}

function fileOf(directory: string, id: string): string {
  return join(directory, `${id}.json`);
}
