/** Reports: at the start, every 30 s, and whenever there is something to acknowledge. */
import type { Attempts } from "./attempts.ts";
import type { AgentOptions } from "./interface.ts";
import { positionOf, type Receiver } from "./receiver.ts";
import type { ServiceClient } from "./service-client.ts";

const REPORT_INTERVAL_MS = 30_000;

export interface ReporterParts extends Pick<AgentOptions, "links" | "processes"> {
  readonly receiver: Receiver;
  readonly service: ServiceClient;
  readonly attempts: Attempts;
}

export class Reporter {
  readonly #parts: ReporterParts;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** One after another, so that no news is overtaken by older news. */
  report(): Promise<void> {
    const next = this.#last.then(() => this.#reportNow());
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Once; the number of failures, for `goOn`. */
  begin(): Promise<number> {
    return this.#parts.attempts.make("report", 0, () => this.report());
  }

  async goOn(failuresBefore: number): Promise<void> {
    const { attempts } = this.#parts;
    for (let failures = failuresBefore; ; ) {
      if (failures > 0) await attempts.pauseAfter(failures);
      else await attempts.sleep(REPORT_INTERVAL_MS);
      if (attempts.signal.aborted) return;
      failures = await attempts.make("report", failures, () => this.report());
    }
  }

  async #reportNow(): Promise<void> {
    const { receiver, service, attempts, links, processes } = this.#parts;
    const { generation, revision, digest } = positionOf(receiver.state);
    const measured = { links: links?.(), processes: processes?.() };
    const answer = await service.report(
      { generation, revision, digest, ...measured },
      attempts.signal,
    );
    await receiver.takeNews(answer);
    if (answer.generation === generation && answer.revision < revision) {
      attempts.warn("this server is ahead of the service, which has lost revisions", {
        ...{ generation, revision, serviceRevision: answer.revision },
      });
    }
  }
}
