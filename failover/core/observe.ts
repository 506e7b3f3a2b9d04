import { pauseFor, seePause, takeUp } from './carried.ts';
import type { Input, Lease, Pending, PulseSeen } from './inputs.ts';
import { canTell, hasOwnName } from './own-name.ts';
import type { Held, Moves, Self, Server, State } from './state.ts';
import { holdDownFor, type Millis, type Timings } from './timings.ts';
import type { LeaseKey, PostgresReport, ServerReport, Site, View } from './view.ts';

/** Takes an input into the state; decides nothing. */
export function observe(before: State, input: Input, now: Millis, timings: Timings): State {
  const state = answered(before, input);
  const other = otherEtcd(state, input);
  if (other !== null) return { ...state, etcdTrouble: other };
  switch (input.kind) {
    case 'read':
    case 'released':
      return seeView(state, input.view, now, timings);
    case 'pulsed':
      return renew(seeView(state, input.view, now, timings), input, timings);
    case 'claimed':
      return win(seeView(state, input.view, now, timings), input, timings);
    case 'pulse-seen':
      return seePulse(state, input, now);
    case 'postgres':
      return seePostgres(state, input.postgres, now);
    case 'postgres-silent':
      return { ...state, postgresTrouble: input.reason };
    case 'patroni-lease':
      return { ...state, patroniLease: seePatroniLease(state.patroniLease, input) };
    case 'server':
      // Asked before the latest order left: what it says of its role may be of before the order.
      if (input.askedAt < (state.told?.at ?? input.askedAt)) return state;
      return { ...state, server: seeServer(state, input.server, input.askedAt, now) };
    case 'server-silent':
      return { ...state, server: missServer(state, input, now) };
    case 'told':
      return obeyed(state, input, now);
    case 'front': {
      const sickSince = input.healthy ? null : (state.front.sickSince ?? now);
      return {
        ...state,
        front: {
          healthy: input.healthy,
          connections: input.connections,
          way: input.way ?? null,
          at: now,
          sickSince,
        },
      };
    }
    case 'power':
      if (input.power === state.power.power) return state;
      return { ...state, power: { power: input.power, since: now } };
    case 'certificates':
      return { ...state, certificatesEnd: input.end };
    case 'address-held':
      return { ...state, interface: 'present', addressTrouble: null };
    case 'address-dropped':
      return { ...state, interface: 'absent' };
    case 'address-found':
      return { ...state, interface: input.present ? 'present' : 'absent' };
    case 'etcd-leader': {
      const since = input.here === state.etcdLeader.here ? state.etcdLeader.since : now;
      const { movedAt } = state.etcdLeader;
      return { ...state, etcdLeader: { here: input.here, others: input.others, since, movedAt } };
    }
    case 'pause-wanted':
      return canTell(state, now, timings)
        ? { ...state, pause: pauseFor(state, input.forMs, now) }
        : state;
    case 'failed':
      return fail(state, input.effect, input.reason, now);
    case 'tick':
    case 'hint':
    case 'done':
    case 'switchover-wanted':
      return state;
  }
}

function answered(state: State, input: Input): State {
  const what = answerTo(input);
  if (what === null || state.pending[what] === undefined) return state;
  const pending = { ...state.pending };
  delete pending[what];
  return { ...state, pending };
}

function answerTo(input: Input): Pending | null {
  switch (input.kind) {
    case 'read':
      return 'read';
    case 'claimed':
      return `claim ${input.lease}`;
    case 'released':
      return `release ${input.lease}`;
    case 'patroni-lease':
      return 'patroni-lease';
    case 'told':
      return 'tell-server';
    case 'address-held':
      return 'hold-address';
    case 'address-dropped':
      return 'drop-address';
    case 'done':
    case 'failed':
      return input.effect;
    default:
      return null;
  }
}

/**
 * Beside one that was made anew by force (F6) the members of the old one may live on: who listened to both would
 * renew in one what somebody else took in the other. An agent knows one etcd for as long as it runs.
 */
function otherEtcd({ view }: State, input: Input): string | null {
  if (!('view' in input) || view === null || view.clusterId === input.view.clusterId) return null;
  const which = `cluster ${input.view.clusterId} and not ${view.clusterId}`;
  return `another etcd answers, ${which}: if it was made anew, restart the agents, else end the other`;
}

/** Answers may overtake each other; an older reading says nothing new. */
function seeView(before: State, view: View, now: Millis, timings: Timings): State {
  if (before.view !== null && view.revision < before.view.revision) return before;
  const state = before.view === null ? takeUp(before, view, now) : before;
  const mine = (held: Held | null, key: LeaseKey): Held | null =>
    hasOwnName(view, state.self) ? reconcile(held, key, state.self.site) : null;
  const leader = mine(state.leader, view.leader);
  const address = mine(state.address, view.address);
  return {
    ...state,
    view,
    readAt: now,
    etcdTrouble: null,
    named: state.named || (hasOwnName(view, state.self) && state.self.site in view.machines),
    losses: state.view === null ? countLosses(view, state.self, now, timings) : state.losses,
    pulses: seePulses(state.pulses, view, now),
    addressVacantSince: view.address.site === null ? (state.addressVacantSince ?? now) : null,
    calmSince: state.view !== null && isSamePlace(state.view, view) ? state.calmSince : now,
    leaderlessSince: view.patroni.leader === null ? (state.leaderlessSince ?? now) : null,
    pause: seePause(state, view, now),
    wish: seeWish(state.wish, view, now),
    unprotectedSince: isUnprotected(view) ? (state.unprotectedSince ?? now) : null,
    leader,
    address,
    steppingDown: leader === null ? null : state.steppingDown,
    leaving: address === null ? null : state.leaving,
  };
}

function seeWish(before: State['wish'], { patroni: { failover } }: View, now: Millis) {
  if (failover === null) return null;
  return before?.revision === failover.revision
    ? before
    : { revision: failover.revision, since: now };
}

/**
 * F21: another start of this machine than the one before is a loss of the site. The time is counted from
 * here, and anew by each process: no clock says when it was.
 */
function countLosses(view: View, self: Self, now: Millis, timings: Timings): Moves {
  const key = view.machines[self.site];
  const before = key?.machine === self.machine ? key : undefined;
  const count = before === undefined ? 0 : before.losses + (before.boot === self.boot ? 0 : 1);
  const heldUntil = count === 0 ? now : now + holdDownFor(count, timings);
  return { count, lastAt: now, heldUntil };
}

function isSamePlace(before: View, after: View): boolean {
  return (
    before.leader.site === after.leader.site &&
    before.address.site === after.address.site &&
    before.patroni.leader?.site === after.patroni.leader?.site
  );
}

/** D3.2: with no synchronous standby the loss of the primary loses writes. */
function isUnprotected({ patroni: { leader, sync } }: View): boolean {
  return leader !== null && (sync === null || sync.standbys.length === 0);
}

/**
 * The site is the holder, not the process: one that restarts finds its terms in etcd, and its first
 * pulse that etcd accepts makes them good again. Until then they are worth nothing.
 */
function reconcile(held: Held | null, key: LeaseKey, self: Site): Held | null {
  if (key.site !== self) return null;
  if (held?.revision === key.revision) return held;
  return { revision: key.revision, until: Number.NEGATIVE_INFINITY };
}

function seePulses(before: State['pulses'], view: View, now: Millis): State['pulses'] {
  const after: Record<Site, { revision: number; seenAt: Millis }> = {};
  const see = (site: Site, revision: number): void => {
    const known = before[site];
    after[site] = known && isOld(known.revision, revision) ? known : { revision, seenAt: now };
  };
  // A holder whose key somebody deleted has its time as well: it does not know yet.
  for (const { site } of [view.leader, view.address]) if (site !== null) see(site, 0);
  for (const site of Object.keys(view.machines)) if (!(site in view.sites)) see(site, 0);
  for (const [site, { revision }] of Object.entries(view.sites)) see(site, revision);
  return after;
}

/** A watch may have shown a later one than this reading. The revision 0 stands for no pulse at all. */
const isOld = (known: number, revision: number): boolean =>
  revision === 0 ? known === 0 : known >= revision;

/** Seen is seen, by whatever way: a holder counts from when it sent the pulse, which was before. */
function seePulse(state: State, { clusterId, site, revision }: PulseSeen, now: Millis): State {
  const known = state.pulses[site];
  if (state.view?.clusterId !== clusterId || (known && isOld(known.revision, revision)))
    return state;
  return { ...state, pulses: { ...state.pulses, [site]: { revision, seenAt: now } } };
}

function renew(state: State, input: Extract<Input, { kind: 'pulsed' }>, timings: Timings): State {
  // Refused: the view that came with the refusal says what is over; what is not wants a new pulse.
  if (!input.renewed) return { ...state, nextPulseAt: Number.NEGATIVE_INFINITY };
  const { leader, address } = input.holds;
  return {
    ...state,
    leader: prolong(state.leader, leader, input.sentAt + termMs('leader', timings)),
    address: prolong(state.address, address, input.sentAt + termMs('address', timings)),
  };
}

function win(state: State, input: Extract<Input, { kind: 'claimed' }>, timings: Timings): State {
  if (!input.won) return state;
  const until = input.sentAt + termMs(input.lease, timings);
  const won = prolong(state[input.lease], input.view[input.lease].revision, until);
  return input.lease === 'leader' ? { ...state, leader: won } : { ...state, address: won };
}

function prolong(held: Held | null, revision: number | undefined, until: Millis): Held | null {
  if (held === null || held.revision !== revision || held.until >= until) return held;
  return { revision: held.revision, until };
}

/** What of a lease its holder may use: counted from the sending, and less the margin (D8). */
function termMs(lease: Lease, timings: Timings): Millis {
  return lease === 'leader'
    ? timings.leaderLeaseMs - timings.leaderMarginMs
    : timings.addressLeaseMs - timings.addressMarginMs;
}

function seePostgres(state: State, report: PostgresReport, now: Millis): State {
  const ledTimeline = report.role === 'primary' ? (report.timeline ?? state.ledTimeline) : null;
  return { ...state, postgres: { report, at: now }, postgresTrouble: null, ledTimeline };
}

function seePatroniLease(
  before: State['patroniLease'],
  { lease, sentAt, ttlMs }: Extract<Input, { kind: 'patroni-lease' }>,
): State['patroniLease'] {
  if (ttlMs === null) return before?.lease === lease ? null : before;
  const until = sentAt + ttlMs;
  // Seconds are rounded down, so an earlier answer may know more.
  if (before?.lease === lease && before.until >= until) return before;
  if (before?.lease !== lease) return { lease, until, prolonged: { until, at: null } };
  const grown = until - before.prolonged.until >= PROLONGED_MS;
  return { lease, until, prolonged: grown ? { until, at: sentAt } : before.prolonged };
}

function seeServer(state: State, report: ServerReport, askedAt: Millis, now: Millis): Server {
  const sickSince = report.healthy ? null : sickFrom(state, now);
  return { report, at: now, lookedAt: now, askedAt, gone: false, sickSince, why: report.why };
}

/** One late answer says nothing new: what was said last holds until it is no longer fresh. */
function missServer(
  state: State,
  { askedAt, gone, reason }: Extract<Input, { kind: 'server-silent' }>,
  now: Millis,
): Server {
  const missed = { ...state.server, lookedAt: now, sickSince: sickFrom(state, now), why: reason };
  return gone ? { ...missed, report: null, at: now, askedAt, gone } : missed;
}

/** Without its PostgreSQL no server is well; that is Patroni's to mend, and does not count. */
function sickFrom({ postgres, server }: State, now: Millis): Millis {
  return postgres?.report.state === 'running' ? (server.sickSince ?? now) : now;
}

function obeyed(
  state: State,
  { role, epoch }: Extract<Input, { kind: 'told' }>,
  now: Millis,
): State {
  const before = state.server.report ?? { position: null, healthy: true, why: null };
  const askedAt = state.told?.at ?? now;
  const report = { ...before, role, epoch };
  return {
    ...state,
    told: state.told && { ...state.told, answered: true },
    server: { ...state.server, report, at: now, askedAt, gone: false },
  };
}

function fail(state: State, effect: Pending, reason: string, now: Millis): State {
  switch (effect) {
    case 'pulse':
    case 'read':
      return { ...state, etcdTrouble: reason };
    case 'hold-address': {
      const count = (state.addressTrouble?.count ?? 0) + 1;
      return { ...state, addressTrouble: { count, until: now + TROUBLE_MS, reason } };
    }
    case 'reinitialize':
      // To be looked at anew, and asked for again if it is still so.
      return { ...state, stuck: null, reinitializedAt: Number.NEGATIVE_INFINITY };
    default:
      return state;
  }
}

/** More than seconds that are rounded could make believe. */
const PROLONGED_MS = 1_100;

/** A driver that fails is left alone for a while, so that a site whose driver works gets its turn. */
const TROUBLE_MS = 10_000;
