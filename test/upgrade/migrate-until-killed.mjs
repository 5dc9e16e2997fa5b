/**
 * Opens a database as the service does, and is killed with SIGKILL in the middle of it. Arguments:
 * the file, the number of a migration, and where: `begun` (before its first statement), `middle`
 * (between two of its statements), `uncommitted` (after the last); or 0 and `migrated`, when all
 * are committed. Plain JavaScript on the compiled program, as Node 20 can't run TypeScript here.
 */
import Database from "better-sqlite3";
import { readMigrations } from "../../dist/store/migrate.js";
import { openConnection } from "../../dist/store/sqlite/connection.js";

const [file, version, where] = process.argv.slice(2);
const kill = () => process.kill(process.pid, "SIGKILL");
const migration = readMigrations()[Number(version) - 1];
const { exec, pragma } = Database.prototype;

Database.prototype.exec = function (sql) {
  if (sql !== migration?.sql) return exec.call(this, sql);
  if (where === "begun") kill();
  if (where !== "middle") return exec.call(this, sql);
  // With hardly any cache, what is not committed stands in the log already.
  pragma.call(this, "cache_size = 1");
  const statements = sql
    .replace(/--.*$/gm, "")
    .split(";")
    .filter((statement) => statement.trim() !== "");
  for (const statement of statements.slice(0, Math.ceil(statements.length / 2))) {
    exec.call(this, statement);
  }
  kill();
};

Database.prototype.pragma = function (text, options) {
  if (where === "migrated" && text === "foreign_keys = ON") kill();
  const result = pragma.call(this, text, options);
  if (where === "uncommitted" && text === `user_version = ${version}`) kill();
  return result;
};

openConnection({ file, newClusterId: "none" });
throw new Error("it was opened");
