import { reasonOfOtherEtcd } from './incarnations.ts';
import { isAlone } from './is-alone.ts';
import type { State } from './state.ts';
import { reasonNotToAcknowledge } from './timelines.ts';
import type { Millis } from './timings.ts';

/** A deadline that lets the server take over and answer nobody. */
export const WITHHELD: Millis = 0;

/**
 * Why the writer of this site may answer nobody yet, as a clause; null if it may (D3.4). After a promotion
 * Patroni 4.0.7 rewrites `/sync` after 1.4 s and `/history` after 1.6 s, and standbys confirm after 0.3 s.
 * Who answered before would lose that if it died now: the leader before it, back with more WAL on a dead
 * timeline, would still be the one whom `/sync` lets win (seen, 2 of 2).
 *
 * And only sites may confirm (D3.2): without a standby Patroni lets PostgreSQL wait for `ANY 1 (*)`, which
 * a base backup satisfies (seen: 40 acknowledgements that no other site had).
 *
 * At last it is written down that this timeline may acknowledge (core/timelines.ts).
 */
export function reasonGateIsClosed(state: State): string | null {
  return reasonNotReady(state) ?? reasonNotNoted(state);
}

/** As far as Patroni goes. */
export function reasonNotReady(state: State): string | null {
  const { self, view, ledTimeline } = state;
  if (view === null) return 'etcd has not answered yet';
  const other = reasonOfOtherEtcd(state);
  if (other !== null) return other;
  const { sync, timeline } = view.patroni;
  if (ledTimeline === null) return 'its PostgreSQL is not the primary yet';
  if (sync?.leader !== self.site) {
    const named = sync?.leader ?? 'nobody';
    return `Patroni's /sync still names ${named} as the leader`;
  }
  // With two sites the primary goes on alone, unprotected, and nobody else may be promoted.
  const mayBeAlone = isAlone(view, self.site);
  if (self.strict && sync.standbys.length === 0 && !mayBeAlone)
    return "Patroni's /sync names no standby";
  const stranger = sync.standbys.find((name) => view.sites[name]?.report.witness !== false);
  if (stranger !== undefined) {
    const how = 'start the agent there, or take its Patroni away';
    return `Patroni's /sync names ${stranger}, of which no agent was ever heard: ${how}`;
  }
  if (timeline !== ledTimeline) {
    return `Patroni's /history does not end in timeline ${ledTimeline} yet`;
  }
  return null;
}

function reasonNotNoted(state: State): string | null {
  const { self, view, ledTimeline } = state;
  if (isNoted(state) || view === null || ledTimeline === null) return null;
  if (view.timelines === null) return 'the key `timelines` cannot be read';
  const refused = reasonNotToAcknowledge(view.timelines, self.site, ledTimeline);
  if (refused !== null && view.patroni.paused)
    return `${refused}; Patroni is paused, and no other site takes the lead before \`patronictl resume\``;
  return refused ?? `that timeline ${ledTimeline} may acknowledge is not written down yet`;
}

/** For this timeline, and since Patroni's leader key was taken last. */
export function isNoted({ view, ledTimeline }: State): boolean {
  const noted = view?.timelines?.acknowledging;
  const key = view?.patroni.leader?.revision;
  return noted != null && noted.timeline === ledTimeline && noted.key === key;
}
