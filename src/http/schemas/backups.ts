import { z } from "zod";
import { count, generation, revision, time } from "./common.ts";

export const backup = z
  .strictObject({
    name: z.string().meta({ description: "Of the file in the directory of backups" }),
    bytes: count("How large the file is", 262_144),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: "Of the file, in hex; it stands beside it, in `<name>.sha256`, too" }),
    revision,
    generation,
    createdAt: time,
  })
  .meta({ id: "Backup" });
