/**
 * A bound on concurrent sends, first come first served; what can wait comes after what cannot.
 *
 * A server that hangs must not take its slot away from the others for the whole time-out: 64 that
 * hang would stop everybody for ten seconds at a time. So a slot bounds what is being begun, not
 * what is being waited for: it comes back with the answer, or after `holdMsMax`, whichever is
 * first, and the send goes on without it. What it then costs is an open socket and a timer, and
 * of those there is at most one per server, since a server has at most one message in flight.
 */
import type { Clock } from "../core/clock.ts";

/** Gives the slot back; calling it again does nothing. */
export type Release = () => void;

/** `later`: only when nobody who goes first is waiting. */
export type Turn = "first" | "later";

export interface Slots {
  acquire(turn: Turn): Promise<Release>;
}

export interface SlotsOptions {
  readonly clock: Clock;
  readonly countMax: number;
  readonly holdMsMax: number;
}

export function createSlots({ clock, countMax, holdMsMax }: SlotsOptions): Slots {
  let free = countMax;
  type Waiting = (release: Release) => void;
  const waiting: Record<Turn, Waiting[]> = { first: [], later: [] };

  const grant = (): Release => {
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      cancel();
      const next = waiting.first.shift() ?? waiting.later.shift();
      if (next) next(grant());
      else free++;
    };
    const cancel = clock.after(holdMsMax, release);
    return release;
  };

  return {
    acquire(turn) {
      if (free === 0) return new Promise((resolve) => void waiting[turn].push(resolve));
      free--;
      return Promise.resolve(grant());
    },
  };
}
