import type { z } from "zod";
import type { Backup } from "../../operations/backups.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { pageOfRead, readPageToken } from "../pages.ts";
import type { RouteParts } from "../parts.ts";
import * as schemas from "../schemas/backups.ts";
import { pageOf, pageQuery } from "../schemas/common.ts";
import { formatTime } from "../views.ts";

const example = {
  name: "evenkeel-20261126T021500123Z-g1-r42-0b6f5b0e.db",
  bytes: 262_144,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  revision: 42,
  generation: 1,
  createdAt: "2026-11-26T02:15:00.123Z",
};

export function backupEndpoints({ backups }: RouteParts): Endpoint[] {
  const base = { tag: "Service", url: "/v1/backups", role: "admin" } as const;
  return [
    endpoint({
      ...base,
      method: "POST",
      summary: "Make a backup",
      description:
        "Copies the store into one file while writes go on, examines the copy (pages, references and " +
        "every invariant of the tables), makes it durable, and answers then. The file holds the " +
        "secrets of the storage servers and can be read by the service's user alone. It is made to " +
        "its end when the caller goes away. `npm run restore -- FILE` puts it back.",
      answers: {
        201: { description: "What was made", schema: schemas.backup, example },
      },
      problems: [409],
      handle: async ({ stepAside }) => {
        // A large store takes minutes where the disk is slow.
        stepAside();
        return { status: 201, body: backupView(await backups.make()) };
      },
    }),
    endpoint({
      ...base,
      method: "GET",
      summary: "List the backups",
      description: "Those in the directory of backups that have their checksum, oldest first.",
      query: pageQuery,
      problems: [409],
      answers: {
        200: {
          description: "A page",
          schema: pageOf(schemas.backup),
          example: { items: [example] },
        },
      },
      handle: async ({ query: { limit, pageToken } }) => {
        const found = await backups.list({ after: readPageToken(pageToken), limit: limit + 1 });
        const page = pageOfRead(found, limit, ({ name }) => name);
        return { status: 200, body: { ...page, items: page.items.map(backupView) } };
      },
    }),
  ];
}

function backupView(backup: Backup): z.output<typeof schemas.backup> {
  const { name, bytes, sha256, revision, generation, createdAt } = backup;
  return { name, bytes, sha256, revision, generation, createdAt: formatTime(createdAt) };
}
