import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { RefusalKind, RefusedPromotion, Site } from '../view.ts';

/** The last promotion of this site's copy, if that came to nothing, and as long as it says something of the next one. */
export function refusedNow(state: State, now: Millis): RefusedPromotion | null {
  const { postgres } = state;
  if (postgres?.report.role === 'primary') return null;
  const refused = lastRefusal(state, now);
  if (refused === null || refused.agoMs > KEPT_MS[refused.kind]) return null;
  // It follows what has acknowledged, and will have it.
  if (refused.kind === 'left-behind' && postgres?.report.state === 'streaming') return null;
  return refused;
}

/** As another site said of itself, or as this one knows. */
export const refusedAt = (state: State, site: Site, now: Millis): RefusedPromotion | null =>
  site === state.self.site
    ? refusedNow(state, now)
    : (state.view?.sites[site]?.report.refused ?? null);

function lastRefusal({ promoting }: State, now: Millis): RefusedPromotion | null {
  const { told, lookedAt, failed } = promoting;
  const age = told === null ? Number.POSITIVE_INFINITY : told.agoMs + now - lookedAt;
  const isOfThis = failed === null || age <= now - failed.since + SEEN_LATE_MS;
  if (told !== null && isOfThis) {
    const { kind, why, agoMs, sinceMs } = told;
    return kind && { kind, why, agoMs: age, sinceMs: sinceMs + age - agoMs };
  }
  // Its word may be there and not have been looked for yet.
  if (failed === null || lookedAt <= failed.at) return null;
  const why = 'Patroni took its leader key and let it go, and PostgreSQL was not promoted';
  return { kind: 'silent', why, agoMs: now - failed.at, sinceMs: now - failed.at };
}

/** Patroni asks as soon as it has its key; that, the agent sees by a watch, or with its next pulse. */
const SEEN_LATE_MS = 5_000;

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Where nobody leads Patroni tries again within half a minute; what a person has to mend is there until he has. */
const KEPT_MS: Readonly<Record<RefusalKind, Millis>> = {
  'left-behind': DAY,
  timelines: MINUTE,
  etcd: MINUTE,
  postgres: MINUTE,
  votes: MINUTE,
  key: MINUTE,
  certificate: DAY,
  disk: DAY,
  damaged: MINUTE,
  // Patroni may have been ended with its key in hand, or have been paused: no more than a hint.
  silent: 60 * MINUTE,
};
