import type { State } from './state.ts';
import type { Millis } from './timings.ts';
import type { Carried, View } from './view.ts';

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

/** At an agent's first sight of etcd: what the one before it had to know. */
export function takeUp(state: State, view: View, now: Millis): State {
  const carried = view.sites[state.self.site]?.report.carried;
  if (!carried) return state;
  const { moves, reinitializedMs } = carried;
  return {
    ...state,
    ...(moves && {
      moves: { count: moves.count, lastAt: now - moves.passedMs, heldUntil: now + moves.heldMs },
    }),
    ...(reinitializedMs !== null && { reinitializedAt: now - reinitializedMs }),
  };
}

/**
 * The latest pause that any site tells of. It counts from when it was first heard of; of those who tell of the
 * same one a new agent believes who has counted furthest.
 */
export function seePause(state: State, view: View, now: Millis): State['pause'] {
  const told = Object.values(view.sites).flatMap(({ report }) => report.carried?.pause ?? []);
  const latest = told.sort((a, b) => b.number - a.number || a.leftMs - b.leftMs)[0];
  if (latest === undefined || latest.number <= (state.pause?.number ?? 0)) return state.pause;
  return { number: latest.number, until: now + latest.leftMs };
}

/** What an operator orders is later than all that was ordered before. */
export function pauseFor(state: State, forMs: Millis, now: Millis): State['pause'] {
  if (state.view === null) return state.pause;
  const number = Math.max(state.view.revision, state.pause?.number ?? 0) + 1;
  return { number, until: now + forMs };
}

export const isPaused = ({ pause }: State, now: Millis): boolean =>
  pause !== null && now < pause.until;
