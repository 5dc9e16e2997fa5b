/** `Last-Event-ID`: the place in the history up to which a client has heard. */
import type { Position } from "../core/delivery-record.ts";
import { HttpProblem } from "./problems.ts";

/** Nothing for an absent or empty header; 400 for what no event was ever called. */
export function parseLastEventId(header: string | string[] | undefined): Position | undefined {
  const text = String(header ?? "").trim();
  if (text === "") return undefined;
  const [, generation, revision] = /^(\d{1,16})\.(\d{1,16})$/.exec(text) ?? [];
  const position = { generation: Number(generation), revision: Number(revision) };
  if (Number.isSafeInteger(position.generation) && Number.isSafeInteger(position.revision)) {
    return position;
  }
  throw new HttpProblem(400, "invalid-request", {
    detail: "Last-Event-ID is not <generation>.<revision>",
    correction: "Send the id of the last event as it came, or no Last-Event-ID",
    errors: [{ path: "last-event-id", message: "must be <generation>.<revision>, as 1.42" }],
  });
}
