import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rejectedEvent } from '../../protocol/parse-event.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { Building } from '../write/building.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { RoomChange, toolsOf } from '../write/room-change.ts';
import { judgeByAuthEvents } from './auth-events.ts';
import { inAuthOrder } from './auth-order.ts';
import { withHashedContent } from './content-hash.ts';
import { parsePdu } from './format.ts';
import { complaintsAboutSignatures } from './signatures.ts';

/** In one commit: as much as one event may have, or many small ones. */
const PIECE_LENGTH_MAX = 128 * 1_024;

/**
 * Keeps state events whose place in the room is not known: what others are authorized by, and what a state that a server
 * tells is made of. The rules are asked by their own auth events; who does not pass is kept as rejected. Runs in the
 * room's turn.
 */
export async function keepOutliers(
  building: Building,
  room: HotRoom,
  signed: ReadonlyMap<EventId, Event>,
): Promise<void> {
  const events = new Map(signed);
  const stored = await building.ports.store.eventsById([...events.keys()]);
  for (const { eventId } of stored) events.delete(eventId);
  const judged = await judgedByThemselves(building, room, events);
  for (const piece of piecesOf(judged)) await keep(building, room, piece);
}

/** Those of them that may be kept; their senders' keys are waited for. */
export async function signedOutliers(
  { ports }: Building,
  room: HotRoom,
  pdus: readonly JsonObject[],
): Promise<Map<EventId, Event>> {
  const parsed = pdus.flatMap((pdu) => {
    const each = parsePdu(pdu, room);
    return each.ok ? [each.value] : [];
  });
  const complaints = await complaintsAboutSignatures(parsed, room.rules, ports);
  const good = parsed.filter(
    (event, index) => complaints[index] === undefined && event.stateKey !== undefined,
  );
  return new Map(good.map((event) => [event.eventId, withHashedContent(event, room.rules)]));
}

/** Those first by which others are judged; whose auth events are not to be had are left out. */
async function judgedByThemselves(
  building: Building,
  room: HotRoom,
  events: ReadonlyMap<EventId, Event>,
): Promise<readonly Event[]> {
  const elsewhere = new Set(
    [...events.values()].flatMap(({ authEvents }) => authEvents).filter((id) => !events.has(id)),
  );
  const stored = await building.ports.store.eventsById([...elsewhere]);
  const known = new Map<EventId, StateEvent>(
    stored
      .filter(({ roomNid }) => roomNid === room.nid)
      .map((each) => [each.eventId, parsedEventOf(each, room.rules)]),
  );
  const create = await createEventOf(building, room);
  const judged: Event[] = [];
  for (const event of inAuthOrder(events)) {
    const authEvents = event.authEvents.flatMap((id) => known.get(id) ?? []);
    if (authEvents.length < event.authEvents.length) continue;
    const { allowed } = judgeByAuthEvents(event, authEvents, { rules: room.rules, create });
    const kept = allowed ? event : rejectedEvent(event);
    known.set(kept.eventId, kept);
    judged.push(kept);
  }
  return judged;
}

async function createEventOf({ keys, ports }: Building, room: HotRoom) {
  const key = keys.find('m.room.create', '');
  const nid = key && room.state.get(key.keyNid);
  const [stored] = nid === undefined ? [] : await ports.store.eventsByNid([nid]);
  return stored && parsedEventOf(stored, room.rules);
}

function piecesOf(events: readonly Event[]): Event[][] {
  const pieces: Event[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const event of events) {
    length += JSON.stringify(event.pdu).length;
    if (length > PIECE_LENGTH_MAX) {
      pieces.push([]);
      length = 0;
    }
    pieces.at(-1)!.push(event);
  }
  return pieces;
}

async function keep(building: Building, room: HotRoom, events: readonly Event[]): Promise<void> {
  const { keys, ports } = building;
  await keys.learn(events.map(({ type, stateKey }) => ({ type, stateKey: stateKey! })));
  if (room.isDropped) throw new RoomChangedMeanwhile();
  let change: RoomChange | undefined;
  const committed = ports.log.commit((position) => {
    change = new RoomChange(room, toolsOf({ ports, keys }, position));
    for (const event of events)
      change.keepApart(event, event.rejected ? 'rejected outlier' : 'outlier');
    return { change: change.finish({}), value: undefined };
  });
  room.settled = committed.catch(() => {}).finally(() => change?.letGo());
  await committed;
}
