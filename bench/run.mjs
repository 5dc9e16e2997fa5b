/**
 * Speed, as ratios measured in one run:
 * `npm run bench [-- planning|ranges|writes|lookup|hand-over|distribution|overload|replicas]`. Loopback only; every run is bounded in count. Absolute times are those of the machine it runs on.
 */
import { distribution } from "./distribution.mjs";
import { handOver } from "./hand-over.mjs";
import { lookup } from "./lookup.mjs";
import { overload } from "./overload.mjs";
import { planning } from "./planning.mjs";
import { ranges } from "./ranges.mjs";
import { replicas } from "./replicas.mjs";
import { writes } from "./writes.mjs";

const benches = {
  planning,
  ranges,
  writes,
  lookup,
  "hand-over": handOver,
  distribution,
  overload,
  replicas,
};
const chosen = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const { title, header, rows } = await bench();
  if (rows.length === 0) continue;
  console.log(`\n### ${title}\n`);
  console.log(`| ${header.join(" | ")} |`);
  console.log(`| ${header.map((_, i) => (i === 0 ? "---" : "---:")).join(" | ")} |`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}
