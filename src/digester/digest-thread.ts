/** The digest of a part of the rows of a large change, in a thread of its own. */
import { digestOfRows, type MapRows } from "../core/changed-rows.ts";
import { finish } from "../core/steps.ts";
import { serveInputs } from "../threads/serve-inputs.ts";

serveInputs((part: readonly MapRows[]) => ({ result: finish(digestOfRows(part)) }));
