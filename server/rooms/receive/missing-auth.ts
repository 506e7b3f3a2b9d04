import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomStore } from '../store.ts';
import { unknownOf } from './given-state.ts';
import { type Asking, eventAsTold } from './told-state.ts';

/** Each asks for what authorizes those of the one before. */
const ROUNDS_MAX = 10;
const EVENTS_MAX = 100;
const AT_ONCE = 8;

type Fetching = Asking & { readonly store: Pick<RoomStore, 'stateEntriesOf' | 'placedEvents'> };

/**
 * Keeps what authorizes these events and is not here, where all is here that they follow: nobody finds it by walking back along the room.
 * True where anything was told.
 */
export async function fetchAuthEvents(
  room: HotRoom,
  events: readonly Event[],
  asking: Fetching,
): Promise<boolean> {
  const own = new Set(events.map(({ eventId }) => eventId));
  const following = await thoseInPlace(room, events, own, asking.store);
  const found = new Map<EventId, Event>();
  let wanted = await unknownBeneath(room, following, { own, found }, asking.store);
  for (let round = 0; round < ROUNDS_MAX && wanted.length > 0 && asking.msLeft() > 0; round++) {
    const told = await toldOf(room, wanted.slice(0, EVENTS_MAX - found.size), asking);
    if (told.length === 0) break;
    for (const event of told) found.set(event.eventId, event);
    wanted = await unknownBeneath(room, told, { own, found }, asking.store);
  }
  if (found.size > 0) await asking.keep([...found.values()].map(({ pdu }) => pdu));
  return found.size > 0;
}

/** Behind a gap it is asked for what is in that: what authorizes them is mostly there, too. */
async function thoseInPlace(
  room: HotRoom,
  events: readonly Event[],
  own: ReadonlySet<EventId>,
  store: Fetching['store'],
): Promise<readonly Event[]> {
  const before = [...new Set(events.flatMap(({ prevEvents }) => prevEvents))];
  const placed = await store.placedEvents(room.nid, before);
  const isHere = new Set([...own, ...placed.map(({ eventId }) => eventId)]);
  return events.filter(({ prevEvents }) => prevEvents.every((id) => isHere.has(id)));
}

async function unknownBeneath(
  room: HotRoom,
  events: readonly Event[],
  { own, found }: { own: ReadonlySet<EventId>; found: ReadonlyMap<EventId, unknown> },
  store: Fetching['store'],
): Promise<readonly EventId[]> {
  const named = new Set(events.flatMap(({ authEvents }) => authEvents));
  const open = [...named].filter((id) => !own.has(id) && !found.has(id));
  return open.length === 0 ? [] : unknownOf(room, open, store);
}

async function toldOf(
  room: HotRoom,
  ids: readonly EventId[],
  asking: Asking,
): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let at = 0; at < ids.length && asking.msLeft() > 0; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE).map((id) => eventAsTold(room, id, asking));
    for (const told of await Promise.all(some)) if (told.kind === 'told') events.push(told.event);
  }
  return events;
}
