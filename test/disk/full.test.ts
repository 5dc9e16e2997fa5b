import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { Caller } from "../crash/caller.ts";
import { Receivers } from "../crash/receivers.ts";
import { SERVERS, topology } from "../crash/subjects.ts";
import { untilListening } from "../support/program.ts";
import { temporaryDirectory } from "../support/service.ts";
import { NO_SMALL_DISK, startOnSmallDisk } from "../support/small-disk.ts";
import { idsOf, mistakesIn, register, toldWith } from "./load.ts";

const DISK_BYTES = 16 * 1024 * 1024;
/** Some writes still fit. */
const ROOM_BYTES = 256 * 1024;

/** Takes all but a little room. */
function fill(directory: string, file: string): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(file, Buffer.alloc(bavail * bsize - ROOM_BYTES));
}

it("answers 507 on a full disk, and goes on when there is room", async (context) => {
  const directory = temporaryDirectory();
  const environment = { DATABASE_URL: `sqlite:${directory}/evenkeel.db` };
  const disk = startOnSmallDisk(directory, { bytes: DISK_BYTES, environment });
  if (!disk) return context.skip(NO_SMALL_DISK);
  const { url, pid } = await untilListening(disk.running);
  const caller = new Caller(url, () => {});
  const receivers = new Receivers(() => {});
  onTestFinished(() => receivers.close());
  const parts = { caller, serviceUrl: url, directory: temporaryDirectory() };
  await receivers.begin(SERVERS, parts);
  await caller.demand({ method: "POST", path: "/v1/topology", body: topology });

  fill(disk.seen(pid, ""), disk.seen(pid, "filler"));
  const told = await register(caller, idsOf("full", 300));
  const refused = toldWith(told, 507);
  expect(refused.length).toBeGreaterThan(100);
  expect(toldWith(told, 201).length).toBeGreaterThan(0);
  expect(told.get(refused[0]!)!.body).toMatchObject({
    code: "store-full",
    correction: expect.stringContaining("Make room"),
  });
  expect(await mistakesIn(caller, told)).toEqual([]);
  const backup = await caller.demand({ method: "POST", path: "/v1/backups" });
  expect(backup.status).toBe(507);
  expect((await caller.read("/readyz")).status).toBe(200);

  rmSync(disk.seen(pid, "filler"));
  const again = await register(caller, refused);
  expect(toldWith(again, 201)).toHaveLength(refused.length);
  const path = "/v1/rebalances?wait=converged&timeoutSeconds=30";
  const body = { strategy: "proportional", force: true };
  await caller.demand({
    method: "PUT",
    path: "/v1/link-assignments/flap-0",
    body: { rNodeId: "r-0" },
  });
  expect((await caller.demand({ method: "POST", path, body })).status).toBe(201);
  expect(await receivers.checkConverged(caller)).toEqual([]);

  process.kill(pid, "SIGKILL");
  const line = await disk.running.until(
    new RegExp(`^(?!.*"pid":${pid}\\b).*Server listening at http`),
  );
  const later = new Caller(/http:[\w.:/]+/.exec(line)![0], () => {});
  onTestFinished(() => later.close());
  expect(await mistakesIn(later, new Map([...told, ...again]))).toEqual([]);
  await caller.close();
});
