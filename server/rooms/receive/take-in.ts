import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import { rejectedEvent } from '../../protocol/parse-event.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { EventStanding } from '../store.ts';
import type { Building } from '../write/building.ts';
import { gather, loadChain } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { Placing, PlacingApart } from '../write/placing.ts';
import { type Attached, RoomChange, toolsOf } from '../write/room-change.ts';
import { judgeByAuthEvents } from './auth-events.ts';
import { headBehind } from './head-behind.ts';
import { authEventsOf } from './known-events.ts';
import { redactionBy } from './redaction.ts';
import type { Received } from './room-receiver.ts';
import { type StateThere, stateThere } from './state-there.ts';

/** An event that passed what can be checked without its room, and where it lies if it is stored as an outlier. */
export interface Arrival {
  readonly event: Event;
  readonly storedNid: number | undefined;
}

export interface TakenIn {
  readonly result: Received;
  /** Undefined where nothing is to be committed. */
  readonly committed?: Promise<unknown>;
}

/**
 * The checks on receipt that need the room (server-server API, "Checks performed on receipt of a PDU"), and what comes of
 * them. Runs alone in the room: nobody builds on it until this has, though what was built before may be on its way.
 */
export async function takeIn(
  building: Building,
  room: HotRoom,
  { event, storedNid }: Arrival,
): Promise<TakenIn> {
  const { store } = building.ports;
  const current = await gather(room, event, { store, keys: building.keys });
  const { found, missing } = await authEventsOf(room, event, current, store);
  if (missing.length > 0) return refused(event, `the auth event ${missing[0]} is not known`);
  const create = current.get('m.room.create', '');
  const byAuthEvents = judgeByAuthEvents(event, found, { rules: room.rules, create });
  if (!byAuthEvents.allowed)
    return keep(building, room, { event, storedNid }, 'rejected', byAuthEvents.reason);
  if (event.rejected)
    return keep(building, room, { event, storedNid }, 'rejected', 'it is too long in bytes');
  if (storedNid === undefined && isAtHead(room, event))
    return takeAtHead(building, room, event, current);
  return takeApart(building, room, { event, storedNid }, current);
}

/** Built on all ends of the room as it is now: the state before it is the current one. */
async function takeAtHead(
  building: Building,
  room: HotRoom,
  event: Event,
  current: AuthState,
): Promise<TakenIn> {
  const verdict = authorize(event, current, room.rules);
  if (!verdict.allowed)
    return keep(building, room, { event, storedNid: undefined }, 'rejected', verdict.reason);
  const redaction = await redactionBy(event, room, current, building.ports.store);
  const replaced =
    event.stateKey === undefined ? undefined : current.get(event.type, event.stateKey);
  const committed = commit(building, room, (change) =>
    change.append(event, { replaced, ...redaction }),
  );
  return { result: { kind: 'accepted', event }, committed };
}

async function takeApart(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
  current: AuthState,
): Promise<TakenIn> {
  const { event, storedNid } = arrival;
  const there = await stateOnceSettled(building, room, event);
  if ('missing' in there)
    return refused(event, `it follows ${there.missing[0]}, which is not known`);
  const before = authorize(event, there.state, room.rules);
  if (!before.allowed)
    return keepThere(building, room, arrival, there, {
      standing: 'rejected',
      reason: before.reason,
    });
  const now = authorize(event, current, room.rules);
  if (!now.allowed)
    return keepThere(building, room, arrival, there, {
      standing: 'soft-failed',
      reason: now.reason,
    });
  const head = await headBehind(building, room, event, there);
  const redaction = await redactionBy(event, room, there.state, building.ports.store);
  if (room.head.chain === undefined) await loadChain(room, building.ports);
  await learnKeys(building, event, there);
  const placing: Placing = { ...placingOf(there, storedNid), head };
  const attached: Attached = { replaced: there.replaced?.event, ...redaction };
  const committed = commit(building, room, (change) => change.join(event, attached, placing));
  return { result: { kind: 'accepted', event }, committed };
}

/** Kept where it stands, or for itself where nobody knows the state there. */
async function keep(
  building: Building,
  room: HotRoom,
  arrival: Arrival,
  standing: 'rejected',
  reason: string,
): Promise<TakenIn> {
  const there = await stateOnceSettled(building, room, arrival.event);
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
  const placing = placingOf(there, storedNid);
  const committed = commit(building, room, (change) => change.keepApart(kept, standing, placing));
  return { result: { kind: standing, event: kept, reason }, committed };
}

async function stateOnceSettled(building: Building, room: HotRoom, event: Event) {
  await room.settled;
  if (room.isDropped) throw new RoomChangedMeanwhile();
  return stateThere(building, room, event);
}

/** From here to the log there is no wait. */
function commit(
  { ports, keys }: Building,
  room: HotRoom,
  build: (change: RoomChange) => void,
): Promise<unknown> {
  if (room.isDropped) throw new RoomChangedMeanwhile();
  let change: RoomChange | undefined;
  const committed = ports.log.commit((position) => {
    change = new RoomChange(room, toolsOf({ ports, keys }, position));
    build(change);
    return { change: change.finish({}), value: undefined };
  });
  room.settled = committed.catch(() => {}).finally(() => change?.letGo());
  return committed;
}

/** The last before a change is built: what was learnt is in memory then. */
const learnKeys = ({ keys }: Building, event: Event, { upon }: StateThere): Promise<void> =>
  keys.learn([...upon.changes, ...namedBy(event)]);

const namedBy = ({ type, stateKey }: Event) => (stateKey === undefined ? [] : [{ type, stateKey }]);

const placingOf = (there: StateThere, storedNid: number | undefined): PlacingApart => ({
  ...{ storedNid, before: there.upon, replaced: there.replaced },
});

function isAtHead(room: HotRoom, { prevEvents }: Event): boolean {
  const ends = new Set(room.head.extremities.map(({ eventId }) => eventId));
  return ends.size > 0 && ends.symmetricDifference(new Set(prevEvents)).size === 0;
}

const refused = ({ eventId }: Event, reason: string): TakenIn => ({
  result: { kind: 'refused', eventId, reason },
});
