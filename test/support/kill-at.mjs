/**
 * Preloaded into a program (`--import`): kills it with SIGKILL just before the call KILL_AT (1, 2,
 * 3 …) of those that change names or make files durable; or, for `KILL_AT=<text>`, just before the
 * SQL or pragma that begins with it, in whichever thread.
 */
import fs from "node:fs/promises";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const at = process.env.KILL_AT ?? "";
const kill = () => process.kill(process.pid, "SIGKILL");

let count = 0;
function counted(owner, name) {
  const original = owner[name];
  owner[name] = function (...parameters) {
    if (String(++count) === at) kill();
    return original.apply(this, parameters);
  };
}

if (isMainThread && /^\d+$/.test(at)) {
  const handle = await fs.open(new URL(import.meta.url));
  counted(Object.getPrototypeOf(handle), "sync");
  await handle.close();
  for (const name of ["open", "link", "rename", "chmod"]) counted(fs, name);
  syncBuiltinESMExports();
}

if (at !== "" && !/^\d+$/.test(at)) {
  const Database = createRequire(import.meta.url)("better-sqlite3");
  for (const name of ["exec", "pragma"]) {
    const original = Database.prototype[name];
    Database.prototype[name] = function (text, ...rest) {
      if (text.startsWith(at)) kill();
      return original.call(this, text, ...rest);
    };
  }
}
