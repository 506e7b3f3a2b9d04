import type { EffectOf } from '../../effects.ts';
import { isStalled } from '../../health/disk.ts';
import type { Input } from '../../inputs.ts';
import type { State } from '../../state.ts';
import { TIMINGS } from '../../timings.ts';
import type { Site, View } from '../../view.ts';
import type { World } from '../world.ts';

/** Who makes the planted mistakes that `bugs` of the world names. */
interface Mind {
  readonly state: State;
  readonly now: number;
  readonly world: World;
}

/** As in etcd3: no deadline, and the lease counts from the answer. Or the gate stands open. */
export function mistaken(input: Input, mind: Mind): Input {
  const { bugs, thirdFence } = mind.world;
  const counts = input.kind === 'pulsed' || input.kind === 'claimed';
  if (bugs.lateAnswersRenew && counts) return { ...input, sentAt: mind.now };
  if (bugs.leavesAsEtcdsLeader && input.kind === 'etcd-leader') return { ...input, here: false };
  if (bugs.sickIsWell && input.kind === 'server')
    return { ...input, server: { ...input.server, healthy: true } };
  if (!('view' in input)) return input;
  const { view } = input;
  if (bugs.anyMachine) return { ...input, view: asIfOurs(view, mind) };
  if (bugs.notesAgain) return { ...input, view: asIfAlone(view, mind) };
  if (bugs.stalledIsDead) return { ...input, view: asIfDead(view, mind) };
  if (thirdFence) return { ...input, view: asPromised(view, mind) };
  return bugs.noGate ? { ...input, view: asIfWritten(view, mind) } : input;
}

/** A leader whose time is over goes on all the same; who let somebody go on forgets it, or gives leave beside another's key. */
export function misremembered({ kind }: Input, mind: Mind): State {
  const { state, now, world } = mind;
  const { goesOnAgain, leaveBindsNobody, leaveBesideKey, promisesAtOnce } = world.bugs;
  const { claimsEarly, holdsUnclaimed } = world.bugs;
  const { told, leaveGiven, view } = state;
  if (leaveBesideKey && kind === 'leave-asked' && view !== null)
    return { ...state, view: { ...view, patroni: { ...view.patroni, leader: null } } };
  const never = Number.NEGATIVE_INFINITY;
  if (promisesAtOnce) return { ...state, askedBy: {}, peers: {}, coverGivenAt: never };
  if (claimsEarly || holdsUnclaimed) return hasty(state, mind);
  if (leaveBindsNobody) return { ...state, leaveGiven: { ...leaveGiven, until: 0 } };
  if (!goesOnAgain || told?.role !== 'writer') return state;
  return { ...state, told: { ...told, deadline: Math.max(told.deadline, now + 1) } };
}

/** Who has the address is silent for a second, and that is taken for the end of its lease: it is claimed, or held at once. */
function hasty(state: State, { now, world }: Mind): State {
  const { view, pulses, vacantSince } = state;
  const { site = null, revision = 0 } = view?.address ?? {};
  const seenAt = site === null ? undefined : pulses[site]?.seenAt;
  if (view === null || seenAt === undefined || site === state.self.site || now - seenAt < 1_000)
    return state;
  if (world.bugs.holdsUnclaimed) return { ...state, address: { revision, until: now + 1_500 } };
  return {
    ...state,
    view: { ...view, address: { ...view.address, site: null } },
    vacantSince: { ...vacantSince, address: seenAt },
  };
}

/** The server may answer for as long as our own lease lasts, or Patroni's, where only both together say so. */
export function unsafe(
  order: EffectOf<'tell-server'>,
  { state, world }: Pick<Mind, 'state' | 'world'>,
): EffectOf<'tell-server'> {
  const { deadlineWithoutPatroni, answersUncovered } = world.bugs;
  const { leader, patroniLease } = state;
  if (order.role !== 'writer') return order;
  const leaseUntil = leader?.until ?? 0;
  if (answersUncovered && order.deadline > 0)
    return { ...order, deadline: Math.min(leaseUntil, (patroniLease?.until ?? 0) - 1_000) };
  return deadlineWithoutPatroni ? { ...order, deadline: leaseUntil } : order;
}

/** A give is not known for one; or one promise counts for all. */
function asPromised(view: View, { state, world }: Mind): View {
  const { onePromiseIsEnough, unblocksAfterGive } = world.bugs;
  const { given: _, ...withoutGiven } = view;
  if (unblocksAfterGive) return withoutGiven;
  const own = view.promises?.[state.self.site];
  if (!onePromiseIsEnough || own?.block == null) return view;
  const { holder } = own.block;
  const others = world.sites.filter((site) => site !== holder);
  const at = (site: Site): number => view.promises?.[site]?.revision ?? 0;
  const asOwn = others.map((site) => [site, { ...own, revision: at(site) }]);
  return { ...view, promises: Object.fromEntries(asOwn) };
}

function asIfOurs(view: View, { state }: Mind): View {
  const { site, machine, boot } = state.self;
  const key = view.machines[site];
  if (key === undefined) return view;
  return { ...view, machines: { ...view.machines, [site]: { ...key, machine, boot } } };
}

function asIfAlone(view: View, { state }: Mind): View {
  const { timelines } = view;
  if (timelines === null) return view;
  const promotions = timelines.promotions.filter(({ site }) => site === state.self.site);
  return { ...view, timelines: { ...timelines, promotions } };
}

function asIfDead(view: View, { state }: Mind): View {
  const { site } = view.leader;
  const disk = site === null || site === state.self.site ? null : view.sites[site]?.report.disk;
  const isDead = disk != null && isStalled(disk, TIMINGS);
  return isDead ? { ...view, leader: { ...view.leader, site: null } } : view;
}

function asIfWritten(view: View, { state }: Mind): View {
  const sync = view.patroni.sync && { ...view.patroni.sync, leader: state.self.site };
  return { ...view, patroni: { ...view.patroni, sync, timeline: state.ledTimeline } };
}
