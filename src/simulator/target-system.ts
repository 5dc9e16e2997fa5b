/** The remote cluster behind the links: it takes what comes and says so after a while. */
import type { LinkId } from "../core/model.ts";
import type { Timeline } from "./timeline.ts";

export class TargetSystem {
  readonly #latency: number;
  readonly #received = new Map<LinkId, number>();

  /** `latency`: to the target and back, in units of work. */
  constructor(latency: number) {
    this.#latency = latency;
  }

  /** Addresses that came over each link. */
  get received(): ReadonlyMap<LinkId, number> {
    return this.#received;
  }

  take(timeline: Timeline, link: LinkId, addresses: number, acknowledged: () => void): void {
    this.#received.set(link, (this.#received.get(link) ?? 0) + addresses);
    timeline.after(this.#latency, acknowledged);
  }

  reset(): void {
    this.#received.clear();
  }
}
