import { appendFileSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { startProgram } from "../support/program.ts";
import { headOf, namesBeside, runRestore, sha256Of, stoppedBackedUp } from "./support.ts";

interface Files {
  readonly backup: string;
  readonly target: string;
}

/** One line, exit 1, and the database is as it was. */
async function expectRefusal(files: Files, message: RegExp): Promise<void> {
  const before = [sha256Of(files.target), namesBeside(files.target)];
  const { code, stderr, stdout } = await runRestore({ file: files.backup, target: files.target });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect([code, stdout]).toEqual([1, ""]);
  expect([sha256Of(files.target), namesBeside(files.target)]).toEqual(before);
}

/** Changes the backup, and makes a checksum that fits. */
function change(backup: string, sql: string): void {
  const database = new Database(backup);
  database.exec(sql);
  database.close();
  writeFileSync(`${backup}.sha256`, `${sha256Of(backup)}  backup.db\n`);
}

it("is refused beside a running service, which goes on", async () => {
  const { target, backup } = await stoppedBackedUp();
  // A process of its own: the lock of one's own process goes when a file is merely read.
  const program = await startProgram({ DATABASE_URL: `sqlite:${target}` });
  await expectRefusal({ target, backup }, /evenkeel\.db is in use by another process: stop it/);
  const headers = { "content-type": "application/json" };
  const write = { method: "PUT", body: "{}", headers };
  expect((await fetch(`${program.url}/v1/links/after`, write)).status).toBe(201);
});

it("is refused beside a log, of the database or of the backup", async () => {
  const files = await stoppedBackedUp();
  for (const suffix of ["-wal", "-shm", "-journal"]) {
    for (const file of [files.target, files.backup]) {
      writeFileSync(`${file}${suffix}`, "");
      await expectRefusal(files, new RegExp(`\\.db${suffix} stands beside the database`));
      rmSync(`${file}${suffix}`);
    }
  }
});

it("is refused for a file that is not the one that was made", async () => {
  const files = await stoppedBackedUp();
  appendFileSync(files.backup, "x");
  await expectRefusal(files, /does not have the checksum in \S+\.sha256/);
  writeFileSync(`${files.backup}.sha256`, "none");
  await expectRefusal(files, /holds no checksum/);
  rmSync(`${files.backup}.sha256`);
  await expectRefusal(files, /\.sha256 is missing: copy it too/);
  await expectRefusal({ ...files, backup: `${files.backup}.none` }, /there is no backup/);
});

it("is refused for what can't be served, whatever its checksum", async () => {
  const files = await stoppedBackedUp();
  const whole = join(dirname(files.target), "backups", "whole");
  copyFileSync(files.backup, whole);
  for (const [harm, message] of [
    [
      "DELETE FROM a2c_entries WHERE first_lba = 33",
      /evenkeel-\S+\.db is damaged: .*must join at 33/,
    ],
    ["INSERT INTO rebalance_moves VALUES (9, 0, 'v', 0, 1, 'a', 'b')", /1 broken foreign keys/],
    ["PRAGMA user_version = 999", /evenkeel-\S+\.db has schema version 999/],
    ["PRAGMA application_id = 7", /is not a database of this program/],
  ] as const) {
    copyFileSync(whole, files.backup);
    change(files.backup, `PRAGMA foreign_keys = OFF; ${harm}`);
    await expectRefusal(files, message);
  }
  writeFileSync(files.backup, "Dear diary, ".repeat(1_000));
  writeFileSync(`${files.backup}.sha256`, `${sha256Of(files.backup)}  backup.db\n`);
  await expectRefusal(files, /evenkeel-\S+\.db is not a database file/);
});

it("is refused in the place of another program's database, but not of a damaged one", async () => {
  const files = await stoppedBackedUp();
  const target = join(dirname(files.target), "bookmarks.db");
  const database = new Database(target);
  database.exec("CREATE TABLE bookmarks (url TEXT)");
  database.close();
  await expectRefusal({ ...files, target }, /bookmarks\.db is a database of another program/);
  writeFileSync(target, "Dear diary, ".repeat(1_000));
  expect(await runRestore({ file: files.backup, target })).toMatchObject({ code: 0, stderr: "" });
  expect(headOf(target).revision).toBe(2);
});

it("is refused without the name of one backup", async () => {
  const { target } = await stoppedBackedUp();
  const { code, stderr } = await runRestore({ file: "", target });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^evenkeel: /);
});
