import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { rejectedEvent } from '../../protocol/parse-event.ts';
import { committedWith, eventOriginOf, type Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import { resolveNumbered } from '../state/resolve-numbered.ts';
import { storedAlike } from '../state/stored-alike.ts';
import type { EventStanding, StoredEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import { gather, loadChain } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { Placing, PlacingApart } from '../write/placing.ts';
import { type Attached, RoomChange, toolsOf } from '../write/room-change.ts';
import { judgeByAuthEvents } from './auth-events.ts';
import { headBehind } from './head-behind.ts';
import { authEventsOf } from './known-events.ts';
import { earlyRedactionOf, redactionBy } from './redaction.ts';
import type { Judged } from './room-receiver.ts';
import { stateSources } from './state-sources.ts';
import { lookedAt, type StateThere, stateThere } from './state-there.ts';

/** An event that passed what can be checked without its room, and where it lies if it is stored as an outlier. */
export interface Arrival {
  readonly event: Event;
  readonly storedNid: number | undefined;
  /** The state before it, as its server tells it: asked only where what it follows is not here. */
  readonly given?: readonly EventId[] | undefined;
  /** Those that redact it, and were here before it. */
  readonly early?: readonly StoredEvent[] | undefined;
  /** It was before all that is here: what the rules say by now is not asked, and nothing in the room changes. */
  readonly isEarlier?: boolean | undefined;
  /** Why it is not shown, though the rules allow it: the room's policy server does not recommend it. */
  readonly whyNot?: string | undefined;
  /** By somebody of ours: what its request is told is committed with it. */
  readonly sentBy?: Origin<EventId> | undefined;
}

export interface TakenIn {
  readonly result: Judged;
  /** Undefined where nothing is to be committed. */
  readonly committed?: Promise<unknown>;
  /** What it redacts, as that is seen then: where no record tells of it. */
  readonly redacted?: RoomEvent | undefined;
  /** It was here before, and shown by none but pages. */
  readonly isLate?: boolean;
}

/**
 * The checks on receipt that need the room (server-server API, "Checks performed on receipt of a PDU"), and what comes of
 * them. Runs alone in the room: nobody builds on it until this has, though what was built before may be on its way.
 */
export async function takeIn(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
): Promise<TakenIn> {
  const { event, storedNid } = arrival;
  const { store } = building.ports;
  const current = await gather(room, event, { store, keys: building.keys });
  const { found, missing } = await authEventsOf(room, event, current, store);
  if (missing.length > 0)
    return refused(event, `the auth event ${missing[0]} is not known`, missing);
  const create = current.get('m.room.create', '');
  const byAuthEvents = judgeByAuthEvents(event, found, { rules: room.rules, create });
  if (!byAuthEvents.allowed) return keep(building, room, arrival, 'rejected', byAuthEvents.reason);
  if (event.rejected) return keep(building, room, arrival, 'rejected', 'it is too long in bytes');
  const mayAppend = storedNid === undefined && !arrival.isEarlier && arrival.whyNot === undefined;
  if (mayAppend && isAtHead(room, event)) return takeAtHead(building, room, arrival, current);
  return takeApart(building, room, arrival, current);
}

/** Built on all ends of the room as it is now: the state before it is the current one. */
async function takeAtHead(
  building: Building,
  room: HotRoom,
  { event, early, sentBy }: Arrival,
  current: AuthState,
): Promise<TakenIn> {
  const verdict = authorize(event, current, room.rules);
  if (!verdict.allowed)
    return keep(building, room, { event, storedNid: undefined }, 'rejected', verdict.reason);
  const redaction = await redactionsOf(building, room, { event, early }, current);
  const replaced =
    event.stateKey === undefined ? undefined : current.get(event.type, event.stateKey);
  const attached = { replaced, ...redaction, origin: sentBy && eventOriginOf(sentBy) };
  const committed = commit(
    building,
    room,
    (change) => change.append(event, attached),
    sentBy && committedWith(sentBy, event.eventId),
  );
  return { result: { kind: 'accepted', event }, committed };
}

async function takeApart(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
  current: AuthState,
): Promise<TakenIn> {
  const { event } = arrival;
  const there = await stateOnceSettled(building, room, arrival);
  if ('missing' in there)
    return refused(event, `it follows ${there.missing[0]}, which is not known`, there.missing);
  const before = authorize(event, there.state, room.rules);
  if (!before.allowed)
    return keepThere(building, room, arrival, there, {
      standing: 'rejected',
      reason: before.reason,
    });
  if (arrival.isEarlier) return keepEarlier(building, room, arrival, there);
  const now = authorize(
    event,
    await stateNow(building, room, arrival, { there, current }),
    room.rules,
  );
  const whyNot = now.allowed ? arrival.whyNot : now.reason;
  if (whyNot !== undefined)
    return keepThere(building, room, arrival, there, { standing: 'soft-failed', reason: whyNot });
  const head = await headBehind(building, room, arrival, there);
  const redaction = await redactionsOf(building, room, arrival, there.state);
  if (room.head.chain === undefined) await loadChain(room, building.ports);
  await learnKeys(building, event, there);
  const placing: Placing = { ...(await placingOf(building, room, arrival, there)), head };
  const { isAfterGap } = there;
  const { sentBy } = arrival;
  const attached: Attached = {
    ...{ replaced: there.replaced?.event, ...redaction, isAfterGap },
    origin: sentBy && eventOriginOf(sentBy),
  };
  const committed = commit(
    building,
    room,
    (change) => change.join(event, attached, placing),
    sentBy && committedWith(sentBy, event.eventId),
  );
  return { result: { kind: 'accepted', event }, committed };
}

async function keepEarlier(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
  there: StateThere,
): Promise<TakenIn> {
  const { event } = arrival;
  const redactions = await redactionsOf(building, room, arrival, there.state);
  await learnKeys(building, event, there);
  const placing = await placingOf(building, room, arrival, there);
  const committed = commit(building, room, (change) =>
    change.keepEarlier(event, redactions, placing),
  );
  return { result: { kind: 'accepted', event }, committed, redacted: redactions.redacted };
}

/**
 * The current state. Of what comes from behind a gap it is that together with the state before it: who came in meanwhile is
 * in the room by that alone.
 */
async function stateNow(
  building: Building,
  room: HotRoom,
  { event, given }: Arrival,
  { there, current }: { there: StateThere; current: AuthState },
): Promise<AuthState> {
  if (given === undefined) return current;
  const { keys } = building;
  const before = new Map(there.resolved.agreed);
  for (const { type, stateKey, nid } of there.resolved.decided) {
    const key = keys.find(type, stateKey);
    if (key) before.set(key.keyNid, nid);
  }
  const both = await resolveNumbered(room, [room.state, before], stateSources(building));
  return (await lookedAt(building, room, event, both)).state;
}

/** What it redacts, and what redacts it. */
async function redactionsOf(
  building: Building,
  room: HotRoom,
  { event, early }: Pick<Arrival, 'event' | 'early'>,
  state: AuthState,
): Promise<Omit<Attached, 'replaced'>> {
  return {
    ...(await redactionBy(event, room, state, building.ports.store)),
    ...(early && { early: await earlyRedactionOf(building, room, event, early) }),
  };
}

/** Kept where it stands, or for itself where nobody knows the state there. */
async function keep(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
  standing: 'rejected',
  reason: string,
): Promise<TakenIn> {
  const there = await stateOnceSettled(building, room, arrival);
  if (!('missing' in there)) return keepThere(building, room, arrival, there, { standing, reason });
  if (arrival.storedNid !== undefined) return refused(arrival.event, reason);
  const event = rejectedEvent(arrival.event);
  const committed = commit(building, room, (change) => change.keepApart(event, 'rejected outlier'));
  return { result: { kind: 'rejected', event, reason }, committed };
}

async function keepThere(
  building: Building,
  room: HotRoom,
  { event, storedNid }: Arrival,
  there: StateThere,
  { standing, reason }: { standing: EventStanding & ('rejected' | 'soft-failed'); reason: string },
): Promise<TakenIn> {
  await learnKeys(building, event, there);
  const kept = standing === 'rejected' ? rejectedEvent(event) : event;
  const placing = await placingOf(building, room, { event: kept, storedNid }, there);
  const committed = commit(building, room, (change) => change.keepApart(kept, standing, placing));
  return { result: { kind: standing, event: kept, reason }, committed };
}

async function stateOnceSettled(building: Building, room: HotRoom, { event, given }: Arrival) {
  await room.settled;
  if (room.isDropped) throw new RoomChangedMeanwhile();
  return stateThere(building, room, event, given);
}

/** From here to the log there is no wait. */
export function commit(
  { ports, keys }: Building,
  room: HotRoom,
  build: (change: RoomChange) => void,
  more: Parameters<RoomChange['finish']>[0] = {},
): Promise<unknown> {
  if (room.isDropped) throw new RoomChangedMeanwhile();
  let change: RoomChange | undefined;
  const committed = ports.log.commit((position) => {
    change = new RoomChange(room, toolsOf({ ports, keys }, position));
    build(change);
    return { change: change.finish(more), value: undefined };
  });
  room.settled = committed.catch(() => {}).finally(() => change?.letGo());
  return committed;
}

/** The last before a change is built: what was learnt is in memory then. */
const learnKeys = ({ keys }: Building, event: Event, { upon }: StateThere): Promise<void> =>
  keys.learn([...upon.changes, ...namedBy(event)]);

const namedBy = ({ type, stateKey }: Event) => (stateKey === undefined ? [] : [{ type, stateKey }]);

/** Behind `learnKeys`. */
async function placingOf(
  { ports, keys }: Building,
  room: HotRoom,
  { event, storedNid }: Arrival,
  { upon, replaced }: StateThere,
): Promise<PlacingApart> {
  const placing = { storedNid, before: upon, replaced };
  const { type, stateKey } = event;
  if (storedNid === undefined || stateKey === undefined || event.rejected) return placing;
  const own = { type, stateKey, from: replaced?.nid, to: storedNid };
  const changes = [...upon.changes, own].flatMap(({ from, to, ...name }) => {
    const key = keys.find(name.type, name.stateKey);
    return key ? [{ keyNid: key.keyNid, from, to }] : [];
  });
  // A key without a number is in no state.
  if (changes.length <= upon.changes.length) return placing;
  return { ...placing, after: await storedAlike(ports.store, room.nid, upon.chain, changes) };
}

function isAtHead(room: HotRoom, { prevEvents }: Event): boolean {
  const ends = new Set(room.head.extremities.map(({ eventId }) => eventId));
  return ends.size > 0 && ends.symmetricDifference(new Set(prevEvents)).size === 0;
}

const refused = ({ eventId }: Event, reason: string, missing?: readonly EventId[]): TakenIn => ({
  result: { kind: 'refused', eventId, reason, ...(missing && { missing }) },
});
