import type { AtStake, CopyAt, Missing, PromotedCopy } from '../recovery-shown.ts';
import type { State } from '../state.ts';
import { isDead } from '../timelines.ts';
import { type Millis, TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';

export function atStake(
  state: State,
  chosen: CopyAt,
  copies: readonly CopyAt[],
  missing: readonly Missing[],
): AtStake {
  const ahead = copies.filter((copy) => copy.site !== chosen.site && isAhead(copy, chosen));
  const gone = missing.filter((each) => mayHaveMore(state, each));
  const proof = ahead.length === 0 ? proofOfAll(state, chosen, gone) : null;
  if (proof !== null) return { kind: 'none', bytes: 0, unheardMs: 0, why: proof, given: [] };
  const { leader } = state.view?.patroni.sync ?? {};
  const led = gone.find(({ site }) => site === leader);
  // Whatever somebody confirmed is in the log of who led: no other word is needed beside that one's.
  const others = [...ahead, ...(led?.lsn == null ? gone : gone.filter(({ lsn }) => lsn !== null))];
  const given = [...ahead, ...gone].map(({ site }) => site);
  const unheardMs = led === undefined ? 0 : unheardOf(state);
  const why = whyNotComparable(state, chosen, others);
  if (why !== null) return { kind: 'unknown', bytes: null, unheardMs, why, given };
  return { kind: 'known', ...mostOf(others, chosen), unheardMs, given };
}

/** Of its last sign of life it could be the leader for so long, and what that told was as old as a report may be. */
const UNHEARD_MS = TIMINGS.leaderLeaseMs + TIMINGS.freshMs;

/** It may have gone on without etcd, by leave of all others, this site among them. */
const unheardOf = ({ self }: State): Millis => UNHEARD_MS + (self.failsafe ? TIMINGS.goOnMaxMs : 0);

const isAhead = (copy: CopyAt, chosen: CopyAt): boolean =>
  copy.left === chosen.left ? copy.lsn > chosen.lsn : !copy.left;

/**
 * Whom `/sync` names may have confirmed what nobody else has, and its leader has everything, as who acknowledged last. Where it names no standby any more,
 * each site may have confirmed something before, of the timeline that acknowledged.
 */
export function mayHaveMore({ view }: State, { site, timeline }: Missing): boolean {
  const { leader = null, standbys = [] } = view?.patroni.sync ?? {};
  const noted = view?.timelines?.acknowledging;
  if (site === leader || site === noted?.site || standbys.includes(site)) return true;
  const isBehind = noted != null && timeline !== null && isDead(timeline, noted);
  return standbys.length === 0 && !isBehind;
}

/** Why nothing that was acknowledged can be anywhere else, as a clause; null where that cannot be said. */
function proofOfAll(
  { self, view }: State,
  chosen: CopyAt,
  gone: readonly Missing[],
): string | null {
  if (chosen.left) return null;
  if (gone.length === 0) return 'whoever may have confirmed anything is here';
  const { leader = null } = view?.patroni.sync ?? {};
  const noted = view?.timelines?.acknowledging;
  // With two sites one acknowledges alone.
  if (!self.strict || leader === null || noted == null || noted.timeline !== chosen.timeline)
    return null;
  if (noted.site !== undefined && noted.site !== leader) return null;
  if (gone.some(({ site }) => site !== leader)) return null;
  return `nothing is acknowledged before another site has it, and all sites but ${leader} are here`;
}

/**
 * By a member of etcd that lacks nothing of what was decided (core/recovery/promotion.ts): a site that acknowledged has all, and so has
 * the one site for which that waited. A leader stops waiting only once etcd has that it does, and goes by its last `/sync` for as long as it may acknowledge
 * without etcd. As a clause; null where that cannot be said.
 */
export function proofBySync(
  { view }: State,
  { site, timeline }: Pick<PromotedCopy, 'site' | 'timeline'>,
): string | null {
  const { leader = null, standbys = [], quorum } = view?.patroni.sync ?? {};
  const noted = view?.timelines?.acknowledging;
  if (leader === null || noted?.site !== leader) return null;
  if (timeline !== null && timeline !== noted.timeline) return null;
  if (leader === site) return `${site} led last, and has all that was acknowledged`;
  const isWaitedFor = standbys.length === 1 && standbys[0] === site && quorum === 0;
  return isWaitedFor ? `${leader} acknowledged nothing without ${site}` : null;
}

/** With a database that nobody could look at. */
export function stakeUnseen(state: State, site: Site, missing: readonly Missing[]): AtStake {
  const gone = missing.filter((each) => mayHaveMore(state, each));
  const given = (gone.length === 0 ? missing : gone).map((each) => each.site);
  const why = `the database of ${site} is not up, as it cannot be without etcd, so how much it has was not looked at`;
  const { leader } = state.view?.patroni.sync ?? {};
  const unheardMs = leader != null && given.includes(leader) ? unheardOf(state) : 0;
  return { kind: 'unknown', bytes: null, unheardMs, why, given };
}

type Other = CopyAt | Missing;

function mostOf(others: readonly Other[], chosen: CopyAt): { bytes: number; why: string } {
  const more = others.map((each) => ({ each, bytes: Math.max(0, (each.lsn ?? 0) - chosen.lsn) }));
  const { each, bytes } = more.reduce((most, next) => (next.bytes > most.bytes ? next : most));
  const has = 'left' in each ? 'has' : 'said last that it had';
  return { bytes, why: `${each.site} ${has} ${bytes} bytes more of the log` };
}

/** Positions tell something within one timeline only. Null where they do. */
function whyNotComparable(
  { view }: State,
  chosen: CopyAt,
  others: readonly Other[],
): string | null {
  const noted = view?.timelines?.acknowledging?.timeline;
  if (chosen.left)
    return `its copy is on timeline ${chosen.timeline}, and lacks what timeline ${noted} acknowledged since it left that`;
  const silent = others.filter(({ lsn }) => lsn === null).map(({ site }) => site);
  if (silent.length > 0) return `${silent.join(' and ')} left no word of how much it had`;
  const apart = others.find(({ timeline }) => timeline !== chosen.timeline);
  if (apart === undefined) return null;
  return `${apart.site} said last that it was on timeline ${apart.timeline}, and this copy is on ${chosen.timeline}`;
}
