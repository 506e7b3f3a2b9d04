import { type Away, awayOf } from '../core/copies/away.ts';
import { isPaused } from '../core/moves/carried.ts';
import type { State } from '../core/state.ts';
import { type Millis, TIMINGS } from '../core/timings.ts';
import type { Explanation } from '../core/told/explain.ts';
import { type Writes, writesOf } from '../core/told/writes.ts';
import type {
  Battery,
  DiskReport,
  EtcdMemberReport,
  Power,
  RefusedPromotion,
  Report,
  ServerReport,
  Site,
} from '../core/view.ts';
import { sitesHeard } from './heard.ts';
import { lagOf } from './lag.ts';
import { type PeerStatus, peersIn, type StrangerStatus, strangerIn } from './peers.ts';

/** What `farol status` and the demo show; answered by any agent for all sites. */
export interface Status {
  /** Who answers. */
  readonly site: Site;
  readonly explanation: Explanation;
  /** This and who has what, down to who confirms, are etcd's last word where that does not answer (status/known.ts). */
  readonly leader: Site | null;
  /** The site that has the floating addresses. */
  readonly address: Site | null;
  /** Which they are, as the site that answers has them. */
  readonly addresses: readonly string[];
  /** Patroni's leader: the site of the primary. */
  readonly primary: Site | null;
  /** Somebody paused Patroni itself, which then replaces nobody. */
  readonly patroniPaused: boolean;
  /** What is left of an operator's pause of all moves; null where there is none. Agents of before say nothing of it. */
  readonly pausedMs?: Millis | null;
  /** A planned move that the agent which answers has asked Patroni for, and not heard the end of. */
  readonly moving: { readonly to: Site; readonly why: string } | null;
  readonly synchronousStandbys: readonly Site[];
  /** For how long etcd has not answered this agent. */
  readonly etcdSilentMs: Millis | null;
  /** Each member of etcd, asked by itself just now. */
  readonly etcd: readonly EtcdMemberStatus[];
  /** An administrator let etcd go on at a site without others (`farol promote`), which do not vote again yet; null where all do. Agents of before say nothing of it. */
  readonly goesOnWithout?: { readonly site: Site; readonly without: readonly Site[] } | null;
  /** The site that answers is one of those, by what the others told its member of etcd. Agents of before say nothing of it. */
  readonly isGivenUp?: boolean;
  /** What is left of Patroni's leader key; null where it is not known or there is none. */
  readonly patroniKeyLeftMs: Millis | null;
  readonly writes: Writes;
  /** Patroni's key that says that the database is being made, while nobody leads; else null. */
  readonly halfMade: string | null;
  /** Keys in etcd whose values nobody can read; they are taken as if they were not there. */
  readonly unreadable: readonly string[];
  /** On the disk of the site that answers: a copy of the database that Patroni could not use. */
  readonly setAside: { readonly path: string; readonly since: string } | null;
  /** While etcd does not answer: what those that the agent itself hears say of themselves, and of the others what etcd said last. */
  readonly sites: readonly SiteStatus[];
  /** Agents of before say nothing of it. */
  readonly peers?: readonly PeerStatus[];
  /** Null where nobody was turned away. */
  readonly stranger?: StrangerStatus | null;
}

export interface EtcdMemberStatus {
  /** Host and port of its client URL. */
  readonly member: string;
  readonly answers: boolean;
  /** A program listens there; it may have started and hear no other member. Agents of before say nothing of it. */
  readonly runs?: boolean;
  readonly knowsLeader: boolean;
  /** It has no vote, and answers nobody what takes one. Agents of before say nothing of it. */
  readonly listens?: boolean;
  /** It says that etcd takes no write, since the database of a member is full. Agents of before say nothing of it. */
  readonly noSpace?: boolean;
}

/** What is looked at when somebody asks for the status, since the machine does not need it. */
export type AskedNow = Pick<
  Status,
  'etcd' | 'isGivenUp' | 'patroniKeyLeftMs' | 'setAside' | 'addresses' | 'halfMade'
>;

export interface SiteStatus {
  readonly site: Site;
  readonly witness: boolean;
  /** For how long its agent has given no sign of life. */
  readonly silentMs: Millis;
  readonly server: ServerReport | null;
  readonly postgres: Report['postgres'];
  /** It has been away for long: what it lacks, and when it will have to be cloned anew. */
  readonly away: Away | null;
  /** How much of the primary's log it lacks; null unless both say now where they are. */
  readonly lagBytes: number | null;
  readonly front: Report['front'];
  readonly frontWay: Report['frontWay'];
  readonly power: Power;
  /** Agents of before say nothing of it. */
  readonly battery?: Battery | null;
  /** Of PostgreSQL's data; null where nothing is known of it. */
  readonly disk: DiskReport | null;
  /** What is damaged in its copy of the database; null where nothing is known to be. */
  readonly copyDamage: string | null;
  /** Null where nothing is known of it. */
  readonly etcdMember: EtcdMemberReport | null;
  /** How its packets come to the other sites, as far as enough are sent to tell. */
  readonly links: NonNullable<Report['links']>;
  readonly certificatesEnd: string | null;
  readonly etcdLeader: boolean;
  /** The last promotion of its copy, if that came to nothing. */
  readonly refused: RefusedPromotion | null;
  /** By how much its wall clock is behind another site's, where that is an alarm. */
  readonly clockBehind: NonNullable<Report['clockBehind']> | null;
  /** Another site that it turns away for longer than anybody wants, and why that does not end. */
  readonly staysBlocked: NonNullable<Report['staysBlocked']> | null;
  /** How often it was lost lately; 0 once it has proved itself. */
  readonly unstable: number;
}

export function statusOf(
  state: State,
  explanation: Explanation,
  asked: AskedNow,
  now: Millis,
): Status {
  const { self, view, readAt } = state;
  const heard = sitesHeard(state, now);
  const primary = view?.patroni.leader?.site ?? null;
  const sites = [...heard].map(([site, { report, silentMs }]): SiteStatus => {
    return {
      site,
      witness: report.witness,
      silentMs,
      server: report.server,
      postgres: report.postgres,
      away: awayOf(state, site, now, TIMINGS),
      lagBytes: lagOf(heard, primary, site),
      front: report.front,
      frontWay: report.frontWay ?? null,
      power: report.power,
      battery: report.battery ?? null,
      disk: report.disk ?? null,
      copyDamage: report.copyDamage ?? null,
      etcdMember: report.etcdMember ?? null,
      links: report.links ?? {},
      certificatesEnd: report.certificatesEnd,
      etcdLeader: report.etcdLeader,
      unstable: report.unstable ?? 0,
      staysBlocked: report.staysBlocked ?? null,
      refused: report.refused ?? null,
      clockBehind: report.clockBehind ?? null,
    };
  });
  return {
    site: self.site,
    explanation,
    leader: view?.leader.site ?? null,
    address: view?.address.site ?? null,
    primary,
    patroniPaused: view?.patroni.paused ?? false,
    pausedMs: isPaused(state, now) ? state.pause!.until - now : null,
    moving: state.switchover && { to: state.switchover.to, why: state.switchover.why },
    synchronousStandbys: view?.patroni.sync?.standbys ?? [],
    etcdSilentMs: Number.isFinite(readAt) ? now - readAt : null,
    ...asked,
    goesOnWithout: goesOnWithout(state),
    writes: writesOf(state, now, TIMINGS),
    unreadable: view?.unreadable ?? [],
    sites: sites.sort((a, b) => (a.site < b.site ? -1 : 1)),
    peers: peersIn(state, now),
    stranger: strangerIn(state, now),
  };
}

/** By this site's own member of etcd, which knows who votes beside it. */
function goesOnWithout({
  self,
  view,
  etcdLeader,
}: State): NonNullable<Status['goesOnWithout']> | null {
  const { here, others } = etcdLeader;
  const isKnown = here || others.length > 0;
  if (view?.incarnation === undefined || !isKnown) return null;
  const { site, without } = view.incarnation;
  const votes = [self.site, ...others.map(({ name }) => name)];
  const gone = without.filter((each) => !votes.includes(each));
  return gone.length === 0 ? null : { site, without: gone };
}
