import type { Pausing } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { Carried, View } from '../view.ts';

/**
 * What this site's next agent has to know, and of a pause all agents: told with each pulse, as what is left or
 * has passed, since no clock is shared (F19). Nothing of it lasts for ever (F25).
 */
export function carriedBy(state: State, now: Millis): Carried {
  const { pause, moves, reinitializedAt } = state;
  return {
    pause: pause && { number: pause.number, leftMs: Math.max(0, pause.until - now) },
    moves:
      moves.count === 0
        ? null
        : {
            count: moves.count,
            passedMs: now - moves.lastAt,
            heldMs: Math.max(0, moves.heldUntil - now),
          },
    reinitializedMs: Number.isFinite(reinitializedAt) ? now - reinitializedAt : null,
  };
}

/**
 * The latest pause that any site tells of. It counts from when it was first heard of; of those who tell of the
 * same one a new agent believes who has counted furthest.
 */
export function seePause({ pause }: State, view: View, now: Millis): Partial<Pausing> {
  const told = Object.values(view.sites).flatMap(({ report }) => report.carried?.pause ?? []);
  const latest = told.sort((a, b) => b.number - a.number || a.leftMs - b.leftMs)[0];
  if (latest === undefined || latest.number <= (pause?.number ?? 0)) return {};
  return { pause: { number: latest.number, until: now + latest.leftMs } };
}

/** What an operator orders is later than all that was ordered before. */
export function pauseFor(state: State, forMs: Millis, now: Millis): Partial<Pausing> {
  if (state.view === null) return {};
  const number = Math.max(state.view.revision, state.pause?.number ?? 0) + 1;
  return { pause: { number, until: now + forMs } };
}

export const isPaused = ({ pause }: State, now: Millis): boolean =>
  pause !== null && now < pause.until;

/** Who pauses Patroni wants to find the primary where it was, and a Patroni that is paused gives a key back which a standby was given. */
export const movesArePaused = (state: State, now: Millis): boolean =>
  isPaused(state, now) || state.view?.patroni.paused === true;
