/** Asks for updates, where the service cannot call: long polls, each acknowledged by a report. */
import type { Attempts } from "./attempts.ts";
import { positionOf, type Receiver } from "./receiver.ts";
import type { Reporter } from "./reporter.ts";
import type { ServiceClient } from "./service-client.ts";
import type { SnapshotFetcher } from "./snapshot-fetcher.ts";

/** Before what was refused is asked for again: only another revision can be better. */
const REFUSED_PAUSE_MS = 30_000;
/** Who says that he has nothing is given a snapshot. */
const NOTHING = { generation: 0, revision: 0 };

export interface PullerParts {
  readonly receiver: Receiver;
  readonly service: ServiceClient;
  readonly reporter: Reporter;
  readonly fetcher: SnapshotFetcher;
  readonly attempts: Attempts;
}

export async function pullForever(parts: PullerParts): Promise<void> {
  const { attempts } = parts;
  let anew = false;
  for (let failures = 0; !attempts.signal.aborted; ) {
    failures = await attempts.make("pull", failures, async () => {
      anew = (await pull(parts, anew)) === 409;
    });
    await attempts.pauseAfter(failures);
  }
}

/** The status with which a push of the same content would have been answered; none without one. */
async function pull(
  { receiver, service, reporter, fetcher, attempts }: PullerParts,
  anew: boolean,
): Promise<number | undefined> {
  const { settledRevision, ...position } = positionOf(receiver.state);
  const from = anew ? NOTHING : position;
  const update = await service.nextUpdate(from, settledRevision, attempts.signal);
  if (update === undefined) return undefined;
  const { status } = await receiver.take(update);
  if (status === 200) await reporter.report();
  if (status === 202) await fetcher.idle();
  if (status === 422) await attempts.sleep(REFUSED_PAUSE_MS);
  return status;
}
