import { isDead } from '../timelines.ts';
import type { Site, Timelines } from '../view.ts';

/** Patroni's `/sync` as far as an election goes: with `leader`, who may have confirmed, and how many votes that takes. */
export interface Electorate {
  readonly leader: Site | null;
  readonly standbys: readonly Site[];
  readonly quorum: number;
}

/** What a copy says of itself; the position is 0 where its PostgreSQL does not run, says nothing, or may have more (settled.ts). */
export interface Standing {
  readonly site: Site;
  readonly timeline: number | null;
  readonly lsn: number;
}

export interface Count {
  /** As a clause; null where there are votes enough. */
  readonly lacking: string | null;
  /** Somebody has more, so that to ask again changes nothing. */
  readonly isFinal: boolean;
}

/**
 * Patroni 4.0.7 lets whom a switchover or a failover names lead without a vote (ha.py: "when failover candidate is set,
 * we can ignore quorum requirements"), and that one may lack what another standby confirmed. So its votes are counted
 * again before the promotion, as Patroni does it where nobody is named (quorum.py): of all that may have confirmed,
 * enough must say that they have no more. A copy on a dead timeline has confirmed nothing of the living one.
 *
 * Nobody is asked for the one whom `/sync` names as the leader, which has everything (with named standbys that is who
 * is about to be promoted, in `/sync` before); nor where nothing has acknowledged, or what did was let go.
 */
export function countVotes(
  me: Standing,
  electorate: Electorate | null,
  others: readonly Standing[],
  { acknowledging }: Timelines,
): Count {
  const leader = electorate?.leader ?? null;
  if (electorate === null || leader === null || leader === me.site || acknowledging === null)
    return ENOUGH;
  const members = [leader, ...electorate.standbys];
  const hasMore = ({ timeline, lsn }: Standing): boolean =>
    lsn > me.lsn && !(timeline !== null && isDead(timeline, acknowledging));
  const asked = others.filter(
    ({ site, lsn }) => site !== me.site && members.includes(site) && lsn > 0,
  );
  const ahead = asked.filter(hasMore);
  const votes = asked.length - ahead.length - (members.includes(me.site) ? 0 : 1);
  if (votes >= electorate.quorum) return ENOUGH;
  const names = ahead.map(({ site }) => site).join(' and ');
  const why = names === '' ? 'too few sites say that they have no more' : `${names} has more`;
  return {
    lacking: `its copy may lack what other sites confirmed: ${why}`,
    isFinal: ahead.length > 0,
  };
}

const ENOUGH: Count = { lacking: null, isFinal: false };
