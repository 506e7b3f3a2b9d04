import type { OwnMember } from '../alone-order.ts';
import { whoGoesOn } from '../failsafe/give-leave.ts';
import { reasonRefused } from '../own-name.ts';
import type { AtStake, CopyAt, Missing, PromotedCopy } from '../recovery-shown.ts';
import { isAtWork, isCloned, wordOf } from '../sites.ts';
import type { State } from '../state.ts';
import { isDead } from '../timelines.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site, View } from '../view.ts';
import { copiesOf, missingIn } from './copies.ts';
import { atStake, proofBySync, stakeUnseen } from './loss.ts';

/** What etcd's member of this machine has, and who answers beside it. */
export interface OwnEtcd extends OwnMember {
  /** With what it does not know to be confirmed, as it was found on a copy (member/commit-all.ts). */
  readonly isWhole: boolean;
  readonly hasLeader: boolean;
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    readonly isLearner: boolean;
  }[];
  readonly view: View;
  /** The revisions of the keys upon which it rests what would be lost; 0 is none. */
  readonly revisions: Readonly<Record<'sync' | 'timelines' | 'incarnation', number>>;
  /** `HOST:PORT` of all that could answer at the other members, and which of them take a connection. */
  readonly doors: readonly string[];
  readonly reached: readonly string[];
}

export interface Looked {
  /** Null where it says nothing. */
  readonly own: OwnEtcd | null;
  /** What is known also then. */
  readonly beside: Beside;
  /** Since when this agent could have heard etcd. */
  readonly began: Millis;
}

/** By the settings of this site. */
export interface Beside {
  /** How many members etcd has, this site's own among them. */
  readonly members: number;
  /** `HOST:PORT` of the other members and of other agents that take a connection. */
  readonly reached: readonly string[];
}

export type PromotionPlan = RefusedPromotion | PossiblePromotion;

export interface RefusedPromotion {
  readonly kind: 'refused';
  readonly why: string;
  /** What etcd has here has to be looked at on a copy first (core/alone-order.ts). */
  readonly isLookedAtFirst?: true;
}

/** What an administrator is shown before etcd goes on here without its other member. */
export interface PossiblePromotion {
  readonly kind: 'possible';
  readonly site: Site;
  /** Who is given up. */
  readonly without: Site;
  readonly etcdSilentMs: Millis;
  /** As this member of etcd knows it. */
  readonly sync: { readonly leader: Site | null; readonly standbys: readonly Site[] } | null;
  readonly copy: PromotedCopy;
  readonly missing: readonly Missing[];
  readonly atStake: AtStake;
  /** On condition that all this is still so. */
  readonly seen: SeenBefore;
}

export interface SeenBefore extends OwnMember {
  readonly revisions: OwnEtcd['revisions'];
  readonly doors: readonly string[];
  /** Which etcd is begun. */
  readonly number: number;
  /** What the copy here has, and what is lost by that. */
  readonly timeline: number | null;
  readonly lsn: number | null;
}

/** By then nothing holds any more of what etcd said last: no lease, deadline, lifetime or leave. */
const SILENT_FOR_MS = 60_000;

/**
 * `farol promote`, of two sites without a witness one of which never returns. Each of the two members of etcd has to agree to all that
 * etcd decides. So the other one decides nothing without this one, whether it is lost or only cut off, now and when it returns: with this one it
 * never has a majority again, since this one forgets it. And this one has all that was ever decided. With three members neither holds: two that were given up are a majority by themselves as soon as they hear each other, and may
 * have decided for long what this one never heard of. So that is refused.
 */
export function planPromotion(
  state: State,
  { own, beside, began }: Looked,
  now: Millis,
  timings: Timings,
): PromotionPlan {
  const etcdSilentMs = now - (Number.isFinite(state.readAt) ? state.readAt : began);
  const early = reasonTooEarly(state, own, etcdSilentMs);
  if (early !== null) return refuse(early);
  const why = reasonNotNow(state, { own, beside }, now, timings);
  if (why !== null) return refuse(why);
  if (own === null || !own.isWhole)
    return { kind: 'refused', why: LOOK_FIRST, isLookedAtFirst: true };
  const known = withViewOf(own, state);
  const here = copyThatIsUp(known, now, timings);
  const copy: PromotedCopy = here ? { ...here, isUp: true } : copyThatIsDown(known, now, timings);
  if (copy.isPrimary && own.view.patroni.paused) return refuse(PAUSED);
  if (copy.why !== null) return refuse(`the copy of this site could not lead: ${copy.why}`);
  const { timelines } = own.view;
  if (timelines === null)
    return refuse('nobody can read what etcd knows of timelines: `status` names the key');
  if ((copy.timeline ?? 0) > Math.max(1, timelines.given))
    return refuse(
      `the copy of this site is on timeline ${copy.timeline}, which this etcd never gave: another etcd has decided since, and goes on elsewhere`,
    );
  const missing = missingIn(known, [copy], now, timings).map((each) =>
    silentSince(state, each, now),
  );
  const { sync } = own.view.patroni;
  return {
    ...{ kind: 'possible', site: state.self.site, without: otherOf(own) },
    etcdSilentMs,
    sync: sync && { leader: sync.leader, standbys: sync.standbys },
    ...{ copy, missing, atStake: stakeOf(known, copy, here, missing) },
    seen: seenBefore(own, copy),
  };
}

const refuse = (why: string): PromotionPlan => ({ kind: 'refused', why });

/** Nor can the pause be ended, as that is written to etcd. */
const PAUSED =
  'Patroni is paused, so it leaves PostgreSQL of this site a primary, also without etcd, and nobody could tell who led meanwhile: ' +
  'end Patroni and PostgreSQL of this site, and ask again; once etcd goes on start Patroni, and then `patronictl resume`';

const LOOK_FIRST = "what etcd's member of this machine has, has to be looked at on a copy first";

/** As a clause; null where an administrator may be asked. */
function reasonTooEarly({ self }: State, own: OwnEtcd | null, silentMs: Millis): string | null {
  if (self.witness) return 'a witness has no copy of the database: ask at a site that has one';
  if (own?.members.length === 1)
    return 'etcd goes on here alone already: `farol recover` goes on from there';
  if (own?.hasLeader)
    return 'etcd has a majority: `farol recover` is the way to go on without a site';
  const left = SILENT_FOR_MS - silentMs;
  return left > 0
    ? `etcd is silent only since a moment ago, as far as this agent knows: ask again in ${Math.ceil(left / 1_000)} s`
    : null;
}

/** Also before the own member is asked to end for a look: it may say nothing to this agent alone, and decide with the other. */
function reasonNotNow(
  state: State,
  { own, beside }: Pick<Looked, 'own' | 'beside'>,
  now: Millis,
  timings: Timings,
): string | null {
  const members = own?.members ?? [];
  const votes = members.filter(({ isLearner }) => !isLearner).length;
  if (own !== null && (votes !== 2 || members.length !== 2)) return moreThanTwo(votes);
  if (beside.members > 2) return moreThanTwo(beside.members);
  if (beside.members < 2) return ONE_ALONE;
  const reached = [...new Set([...beside.reached, ...(own?.reached ?? [])])];
  if (reached.length > 0)
    return `${reached.join(' and ')} can be reached: whoever is there is no loss. Mend what keeps etcd apart, or end all of Farol there if it is one`;
  const heard = Object.keys(state.peers).filter(
    (site) => wordOf(state, site, now, timings) !== null,
  );
  if (heard.length > 0)
    return `the agent of ${heard.join(' and ')} answers: whoever is there is no loss`;
  return reasonNotMine(state, own, now, timings);
}

const ONE_ALONE =
  "by the settings of this site etcd has no other member, so nobody knows whom to look for: `etcd.endpoints` has to name all of etcd's members";

const moreThanTwo = (votes: number): string =>
  `etcd has ${votes} members with a vote, and only of two it is known that who is given up decides nothing without this one: of three the two others are a majority as soon ` +
  'as they hear each other, and may have decided what this one never heard of. `farol recover` says what has to be seen to, and done by hand';

/** Others went on with another etcd, or by another's leave. */
function reasonNotMine(
  state: State,
  own: OwnEtcd | null,
  now: Millis,
  timings: Timings,
): string | null {
  const going = whoGoesOn(state, now);
  if (going !== null) return `${going} leads without etcd, and this site lets it go on`;
  if (own !== null && knowsOfOther(state, own))
    return 'another site went on with an etcd of its own (`farol promote` there), and what it acknowledged since is not here: bring that site back';
  return reasonRefused(state, now, timings);
}

function knowsOfOther({ view, peers }: State, own: OwnEtcd): boolean {
  const [here, known] = [own.view.incarnation, view?.incarnation];
  const heard = Object.values(peers).map(({ word }) => word?.incarnation);
  return [known, ...heard].some(
    (each) => each !== undefined && each.id !== here?.id && each.number > (here?.number ?? 0),
  );
}

/** One that is stopped, or starts, is none: Patroni may have nobody to ask whether to go on with that. */
function copyThatIsUp(state: State, now: Millis, timings: Timings): CopyAt | undefined {
  const { self, postgres } = state;
  const isUp = postgres?.report.role === 'primary' || (postgres && isAtWork(postgres.report));
  return isUp ? copiesOf(state, now, timings).find(({ site }) => site === self.site) : undefined;
}

/**
 * Without etcd Patroni ends a primary, and behind a blackout it starts no PostgreSQL at all before etcd goes on, so nothing is to be waited for: what it said
 * last to etcd stands for it. What it has really is looked at once etcd goes on, before it is promoted.
 */
function copyThatIsDown(state: State, now: Millis, timings: Timings): PromotedCopy {
  const { self, view, postgres } = state;
  const last = view?.sites[self.site]?.report.postgres ?? null;
  const isFresh = postgres !== null && now - postgres.at <= timings.freshMs;
  const { timeline = null, lsn = null } = last ?? {};
  const noted = view?.timelines?.acknowledging ?? null;
  const isWhole = [isFresh ? postgres.report : null, last].every(
    (report) => report === null || !isCloned(report),
  );
  return {
    ...{ site: self.site, timeline, lsn: lsn === null ? null : Number(lsn) },
    ...{ isPrimary: false, isUp: false },
    left: timeline !== null && noted !== null && isDead(timeline, noted),
    why: isWhole ? null : 'it was being made anew from the other site',
  };
}

/** Etcd's member here has all that was ever decided. */
function stakeOf(
  known: State,
  copy: PromotedCopy,
  here: CopyAt | undefined,
  missing: readonly Missing[],
): AtStake {
  const why = proofBySync(known, copy);
  if (why !== null) return { kind: 'none', bytes: 0, unheardMs: 0, why, given: [] };
  if (here === undefined) return stakeUnseen(known, copy.site, missing);
  return atStake(known, here, [here], missing);
}

/** Of the others nobody has heard since; what they said last stands in what the own member has. */
const withViewOf = ({ view }: OwnEtcd, known: State): State => ({ ...known, view, pulses: {} });

function otherOf({ members, memberId }: OwnEtcd): Site {
  const other = members.find(({ id }) => id !== memberId);
  return other?.name || `the member ${other?.id}`;
}

const silentSince = ({ pulses }: State, missing: Missing, now: Millis): Missing => {
  const pulse = pulses[missing.site];
  return { ...missing, answers: false, silentMs: pulse === undefined ? null : now - pulse.seenAt };
};

function seenBefore(own: OwnEtcd, { timeline, lsn }: PromotedCopy): SeenBefore {
  const { clusterId, memberId, revision, voters, revisions, doors, view } = own;
  const number = (view.incarnation?.number ?? 0) + 1;
  return { clusterId, memberId, revision, voters, revisions, doors, number, timeline, lsn };
}
