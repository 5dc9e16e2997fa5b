import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { ENGINES } from "../support/databases.ts";
import { type Program, startProgram } from "../support/program.ts";
import { type ListeningReceiver, listen } from "../support/receiver.ts";
import { workedExample } from "../support/service.ts";

const WRITERS = 8;

interface Acknowledged {
  readonly url: string;
  readonly revision: number;
}

async function call(program: Program, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${program.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    revision: Number(answer.headers.get("revision")),
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** Registers a receiver: first for its secret, then with the address where it listens. */
async function addReceiver(program: Program, id: string): Promise<ListeningReceiver> {
  const { body } = await call(program, "PUT", `/v1/storage-servers/${id}`, {});
  const receiver = await listen(id, body.signingSecret);
  onTestFinished(() => receiver.close());
  const callbackUrl = receiver.url;
  const { status } = await call(program, "PUT", `/v1/storage-servers/${id}`, { callbackUrl });
  expect(status).toBe(200);
  return receiver;
}

/** Writes until the program is gone; tells what was acknowledged. */
async function writeUntilKilled(program: Program, round: number, killAfter: number) {
  const acknowledged: Acknowledged[] = [];
  const ended = once(program.process, "exit");
  const writer = async (own: number) => {
    for (let i = 0; ; i++) {
      const id = `${round}-${own}-${i}`;
      const [url, body] =
        i % 4 === 3 ? [`/v1/volumes/${id}`, { blockCount: 64 }] : [`/v1/links/${id}`, {}];
      try {
        const { status, revision } = await call(program, "PUT", url, body);
        expect(status).toBe(201);
        acknowledged.push({ url, revision });
      } catch (error) {
        // The connection broke: the program is gone, and this write was not acknowledged.
        if (error instanceof TypeError) return;
        throw error;
      }
      if (acknowledged.length === killAfter) program.process.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, own) => writer(own)));
  await ended;
  return acknowledged;
}

/** Makes a change that moves addresses, and waits until every storage server has it. */
async function rebalance(program: Program, weight: number, timeoutSeconds: number) {
  await call(program, "PATCH", "/v1/processes/A", { weight });
  const query = `wait=converged&timeoutSeconds=${timeoutSeconds}`;
  return call(program, "POST", `/v1/rebalances?${query}`, { volumeIds: ["vol-1"] });
}

/** Asks until so many servers have acknowledged a revision. */
async function untilAcknowledged(program: Program, revision: number, servers: number) {
  for (let i = 0; i < 100_000; i++) {
    const { body } = await call(program, "GET", `/v1/revisions/${revision}/delivery`);
    if (body.acked === servers) return body;
  }
  throw new Error(`revision ${revision} was not acknowledged by ${servers} servers`);
}

describe.each(ENGINES)("on $name", ({ newUrl }) => {
  it("keeps every acknowledged write through kill -9, and never goes back", async () => {
    const DATABASE_URL = await newUrl();
    let program = await startProgram({ DATABASE_URL });
    const receivers = await Promise.all(
      ["s-1", "s-2", "s-3"].map((id) => addReceiver(program, id)),
    );
    const { processes, links, volumes, linkAssignments } = workedExample;
    await call(program, "POST", "/v1/topology", { processes, links, volumes, linkAssignments });
    for (const [round, killAfter] of [40, 75, 111].entries()) {
      const acknowledged = await writeUntilKilled(program, round, killAfter);
      expect(acknowledged.length).toBeGreaterThanOrEqual(killAfter);
      program = await startProgram({ DATABASE_URL });
      const newest = Math.max(...acknowledged.map(({ revision }) => revision));
      expect((await call(program, "GET", "/readyz")).body.revision).toBeGreaterThanOrEqual(newest);
      for (const { url } of acknowledged) {
        expect((await call(program, "GET", url)).status, url).toBe(200);
      }
    }
    expect((await rebalance(program, 3, 30)).status).toBe(201);
    const { body } = await call(program, "GET", "/v1/a2c");
    for (const { receiver, refusals } of receivers) {
      expect([receiver.revision, receiver.digest]).toEqual([body.revision, body.digest]);
      expect(refusals).toEqual([]);
      const revisions = receiver.log.map((update) => update.revision);
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    }
  });

  it("sends after a restart only what a server does not have", async () => {
    const DATABASE_URL = await newUrl();
    let program = await startProgram({ DATABASE_URL });
    const receivers = await Promise.all(
      ["s-1", "s-2", "s-3"].map((id) => addReceiver(program, id)),
    );
    const { processes, links, volumes, linkAssignments } = workedExample;
    await call(program, "POST", "/v1/topology", { processes, links, volumes, linkAssignments });
    expect((await rebalance(program, 2, 30)).status).toBe(201);

    const [, , away] = receivers as [ListeningReceiver, ListeningReceiver, ListeningReceiver];
    away.intercept = () => "hang";
    const late = await rebalance(program, 3, 0);
    expect(late.status).toBe(202);
    expect(late.body.delivery.behind).toContain("s-3");
    await untilAcknowledged(program, late.revision, 2);
    await program.stop("SIGKILL");
    const received = receivers.map(({ receiver }) => receiver.log.length);
    const had = away.receiver.revision;

    away.intercept = () => "apply";
    program = await startProgram({ DATABASE_URL });
    const delivered = await untilAcknowledged(program, late.revision, 3);
    expect(delivered.behind).toEqual([]);
    const [first, second, third] = receivers.map(({ receiver }, i) =>
      receiver.log.slice(received[i]).filter(({ kind }) => kind !== "settled"),
    );
    expect([first, second]).toEqual([[], []]);
    expect(third).toMatchObject([{ kind: "delta", fromRevision: had, revision: late.revision }]);
    for (const { receiver } of receivers) expect(receiver.digest).toBe(away.receiver.digest);
  });
});
