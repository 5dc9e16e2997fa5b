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

/**
 * `later`: only when nobody who goes first is waiting, and all but a few of those that have begun
 * have been answered: what can wait would otherwise hold up the last of them.
 */
export type Turn = "first" | "later";

export interface Slots {
  acquire(turn: Turn): Promise<Release>;
}

/** The part of all slots that is left to a few: some slow servers keep nobody else waiting. */
const FEW_PART = 1 / 8;

export interface SlotsOptions {
  readonly clock: Clock;
  readonly countMax: number;
  readonly holdMsMax: number;
}

export function createSlots({ clock, countMax, holdMsMax }: SlotsOptions): Slots {
  const underWay: Record<Turn, number> = { first: 0, later: 0 };
  type Waiting = (release: Release) => void;
  const waiting: Record<Turn, Waiting[]> = { first: [], later: [] };

  const mayBegin = (turn: Turn): boolean => {
    if (underWay.first + underWay.later >= countMax) return false;
    return turn === "first" || underWay.first <= countMax * FEW_PART;
  };

  const grant = (turn: Turn): Release => {
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      cancel();
      underWay[turn]--;
      beginNext();
    };
    const cancel = clock.after(holdMsMax, release);
    underWay[turn]++;
    return release;
  };

  const beginNext = () => {
    for (const turn of ["first", "later"] as const) {
      while (waiting[turn].length > 0 && mayBegin(turn)) waiting[turn].shift()!(grant(turn));
    }
  };

  return {
    acquire(turn) {
      if (mayBegin(turn)) return Promise.resolve(grant(turn));
      return new Promise((resolve) => void waiting[turn].push(resolve));
    },
  };
}
