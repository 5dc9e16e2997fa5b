/** What a reading of /metrics says, read anew from its text. */
import type { Client } from "./service.ts";

export type Series = ReadonlyMap<string, number>;

/** By name and labels, as `evenkeel_links{state="up"}`. */
export async function readMetrics(client: Client): Promise<Series> {
  const { status, body } = await client.get("/metrics");
  if (status !== 200) throw new Error(`/metrics answers ${status}`);
  return seriesOf(body as string);
}

export function seriesOf(text: string): Series {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
