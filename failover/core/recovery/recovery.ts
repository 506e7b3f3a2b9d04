import { countVotes } from '../election/votes.ts';
import { RESUME } from '../election/whom-to-promote.ts';
import { whoGoesOn } from '../failsafe/give-leave.ts';
import { reasonRefused } from '../own-name.ts';
import type { CopyAt, Missing, Seen, Shown } from '../recovery-shown.ts';
import { isAlive, knowsEtcd } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site, View } from '../view.ts';
import { copiesOf, missingIn } from './copies.ts';
import { atStake, mayHaveMore } from './loss.ts';

/**
 * F4: all sites lost their power, and whoever led last never comes back. Nobody is promoted then, and rightly so: the
 * copies that are left may lack what was acknowledged. This is what an operator is shown before he goes on without those
 * sites, made from what is known at this moment; or why he need not, or may not.
 */
export type Plan = { readonly kind: 'refused'; readonly why: string } | Possible;

export interface Possible extends Shown {
  readonly kind: 'possible';
  /** What has to be typed; null where nothing is lost. */
  readonly confirm: string | null;
  readonly seen: Seen;
}

export function planRecovery(
  state: State,
  wanted: Site | null,
  now: Millis,
  timings: Timings,
): Plan {
  const { view } = state;
  const why = reasonNotNow(state, now, timings);
  if (why !== null || view === null) return refuse(why ?? 'etcd has not answered yet');
  const copies = copiesOf(state, now, timings);
  const missing = missingIn(state, copies, now, timings);
  const wait = reasonToWait(state, view, { copies, missing }, now);
  if (wait !== null) return refuse(wait);
  const chosen = choose(copies, wanted);
  if (typeof chosen === 'string') return refuse(chosen);
  const stake = atStake(state, chosen, copies, missing);
  const { given } = stake;
  return {
    kind: 'possible',
    to: chosen.site,
    leaderlessMs: leaderlessMs(state, now),
    ...{ copies, missing, atStake: stake },
    confirm: given.length === 0 ? null : `without ${given.join(' and ')}`,
    seen: seenNow(view, missing),
  };
}

const refuse = (why: string): Plan => ({ kind: 'refused', why });

/** Whatever the copies are. */
function reasonNotNow(state: State, now: Millis, timings: Timings): string | null {
  const { view, self } = state;
  // Whether one acknowledges alone it does not know either.
  if (self.witness) return 'a witness has no copy of the database: ask at a site that has one';
  if (view === null || !knowsEtcd(state, now, timings))
    return 'etcd does not answer, so it is not known who leads, nor who acknowledged last';
  const refused = reasonRefused(state, now, timings);
  if (refused !== null) return refused;
  const going = whoGoesOn(state, now);
  if (going !== null) return `${going} leads without etcd, and this site lets it go on`;
  const { leader, paused } = view.patroni;
  if (leader !== null) return isLed(state, leader.site, now, timings);
  if (paused) return `Patroni is paused, and promotes nobody: ${RESUME}`;
  if (view.timelines === null)
    return 'nobody can read what etcd knows of timelines: put back what stood in the key that `status` names';
  const left = ELECTS_WITHIN_MS - leaderlessMs(state, now);
  return left > 0
    ? `nobody leads only since a moment ago, and Patroni elects within seconds where it can: ask again in ${Math.ceil(left / 1_000)} s`
    : null;
}

function isLed(state: State, site: Site, now: Millis, timings: Timings): string {
  const held = `${site} holds Patroni's leader key`;
  return isAlive(state, site, now, timings)
    ? `${held}, and answers: there is a leader; \`status\` says what it waits for`
    : `${held}, which has to run out first: within 20 s`;
}

/** Also for agents that have only just started, to which each site seems to live for a while. */
const ELECTS_WITHIN_MS = 10_000;
/** Who could be elected and has not been for so long is kept from it by something that is not known here. */
const GIVEN_UP_AFTER_MS = 60_000;

/** What a standby has received and not replayed it does not count, after a start (docs/lab.md, M4); it says so twice a second. */
const STILL_FOR_MS = 5_000;

const leaderlessMs = ({ leaderlessSince }: State, now: Millis): Millis =>
  leaderlessSince === null ? 0 : now - leaderlessSince;

interface Known {
  readonly copies: readonly CopyAt[];
  readonly missing: readonly Missing[];
}

/** Somebody may lead without being told to, or may have what nobody else has and is there. */
function reasonToWait(
  state: State,
  view: View,
  { copies, missing }: Known,
  now: Millis,
): string | null {
  const moving = copies.find(
    ({ site }) => now - (state.positions[site]?.since ?? now) < STILL_FOR_MS,
  );
  if (moving !== undefined)
    return `${moving.site} still replays what it has, or its disk does not answer, so which copy is the newest is not known yet: ask again in a while`;
  const heir = copies.find((copy) => mayBeElected(view, copy, copies));
  if (heir !== undefined && leaderlessMs(state, now) < GIVEN_UP_AFTER_MS)
    return `${heir.site} has everything and the votes it takes: Patroni promotes it by itself, within a minute`;
  const primary = copies.find(({ isPrimary, left }) => isPrimary && !left);
  if (primary !== undefined)
    return `PostgreSQL of ${primary.site} is a primary: it takes Patroni's leader key within seconds, or \`status\` says why not`;
  // Also one that `/sync` does not name: where that names no standby, each may have confirmed something before.
  const here = missing.find((each) => each.answers && mayHaveMore(state, each));
  if (here === undefined) return null;
  return (
    `${here.site} answers, and may have what nobody else has, but its database is not up yet: wait for it; or, ` +
    'if that is lost for good, end its Patroni and its agent'
  );
}

/** As Patroni elects, and as a promotion counts the votes again. */
function mayBeElected(
  { patroni: { sync }, timelines }: View,
  copy: CopyAt,
  all: readonly CopyAt[],
) {
  if (copy.why !== null || copy.left || !sync || timelines === null) return false;
  if (copy.site === sync.leader) return true;
  if (!sync.standbys.includes(copy.site) || sync.quorum === undefined) return false;
  const { leader, standbys, quorum } = sync;
  return countVotes(copy, { leader, standbys, quorum }, all, timelines).lacking === null;
}

/** Why nobody may be chosen, as a clause. */
function choose(copies: readonly CopyAt[], wanted: Site | null): CopyAt | string {
  if (wanted === null) {
    const best = copies.find(({ why }) => why === null);
    if (best !== undefined) return best;
    const reasons = copies.map(({ site, why }) => `${site}: ${why}`).join('; ');
    return `no site that answers has a copy that could lead${reasons === '' ? '' : ` (${reasons})`}`;
  }
  const named = copies.find(({ site }) => site === wanted);
  if (named === undefined) return `no database of ${wanted} answers`;
  return named.why === null ? named : `${wanted} may not lead: ${named.why}`;
}

function seenNow({ patroni, timelines, sites }: View, missing: readonly Missing[]): Seen {
  const silent = missing.filter(({ answers }) => !answers);
  return {
    sync: patroni.sync?.revision ?? 0,
    failover: patroni.failoverRevision,
    config: patroni.configRevision,
    timelines: timelines?.revision ?? 0,
    silent: Object.fromEntries(silent.map(({ site }) => [site, sites[site]?.revision ?? 0])),
  };
}
