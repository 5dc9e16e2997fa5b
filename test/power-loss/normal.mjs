/**
 * Preloaded into the program (`--import`): once it has made sure of `synchronous=FULL`, its
 * connections go on with NORMAL, as better-sqlite3 would leave them by itself.
 */
import { createRequire } from "node:module";

const Database = createRequire(import.meta.url)("better-sqlite3");
const { pragma } = Database.prototype;
Database.prototype.pragma = function (text, ...rest) {
  const result = pragma.call(this, text, ...rest);
  if (text === "synchronous") pragma.call(this, "synchronous = NORMAL");
  return result;
};
