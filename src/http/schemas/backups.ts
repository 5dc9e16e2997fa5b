import { z } from "zod";
import { count, generation, named, revision, sha256, time } from "./common.ts";

export const backup = z
  .strictObject({
    name: named(/^[\w.-]+$/, 200).meta({ description: "Of the file in the directory of backups" }),
    bytes: count("How large the file is", 262_144),
    sha256: sha256.meta({
      description: "Of the file, in hex; it stands beside it, in `<name>.sha256`, too",
    }),
    revision,
    generation,
    createdAt: time,
  })
  .meta({ id: "Backup" });
