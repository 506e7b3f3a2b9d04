import type { AuthState } from '../auth-rules/verdict.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { powerLevelOf } from '../power-levels.ts';
import { append } from './append.ts';
import { createIdOf } from './create-id.ts';
import { compareByTimeAndId } from './event-order.ts';
import type { KnownEvents } from './known-events.ts';
import { SmallestFirst } from './smallest-first.ts';
import type { ResolvedRoom } from './steps.ts';

/**
 * Step 1: the power events of the full conflicted set and what of that set is in their auth chains,
 * in *reverse topological power ordering*, earliest first. As in Synapse and ruma the
 * chains are followed within the set only (README.md).
 */
export const orderByPower = (
  fullConflictedSet: readonly Event[],
  known: KnownEvents,
  room: ResolvedRoom,
): Event[] => {
  const chosen = withChains(fullConflictedSet);
  const powers = new Map<Event, number>();
  for (const event of chosen.values()) powers.set(event, senderPower(event, known, room));
  return topologicalOrder(chosen, (a, b) => {
    const [powerOfA, powerOfB] = [powers.get(a)!, powers.get(b)!];
    return powerOfA === powerOfB ? compareByTimeAndId(a, b) < 0 : powerOfA > powerOfB;
  });
};

const withChains = (fullConflictedSet: readonly Event[]): Map<EventId, Event> => {
  const within = new Map(fullConflictedSet.map((event) => [event.eventId, event]));
  const chosen = new Map<EventId, Event>();
  const open = fullConflictedSet.filter(isPowerEvent);
  for (let event = open.pop(); event !== undefined; event = open.pop()) {
    if (chosen.has(event.eventId)) continue;
    chosen.set(event.eventId, event);
    open.push(...event.authEvents.flatMap((id) => within.get(id) ?? []));
  }
  return chosen;
};

/** *Power events* are events that might remove someone's ability to do something in the room. */
const isPowerEvent = ({ type, stateKey, sender, content }: Event): boolean => {
  if (type === 'm.room.power_levels' || type === 'm.room.join_rules') return stateKey === '';
  if (type !== 'm.room.member' || sender === stateKey) return false;
  return content.membership === 'leave' || content.membership === 'ban';
};

/** "Looking at their respective auth_events", of which from version 12 on the create event is none. */
const senderPower = (event: Event, known: KnownEvents, room: ResolvedRoom): number => {
  const createId = createIdOf(room);
  const authState: AuthState = {
    get: (type, stateKey) =>
      type === 'm.room.create' && createId !== undefined
        ? known.get(createId)
        : known.authEventOf(event, type, stateKey),
  };
  return powerLevelOf(event.sender, authState, room.rules);
};

/** Kahn's algorithm; of those whose auth events are all placed, the smallest is the next. */
const topologicalOrder = (
  events: ReadonlyMap<EventId, Event>,
  isBefore: (a: Event, b: Event) => boolean,
): Event[] => {
  const missing = new Map<EventId, number>();
  const namedBy = new Map<EventId, Event[]>();
  const ready = new SmallestFirst<Event>(isBefore);
  for (const event of events.values()) {
    const authIds = new Set(event.authEvents.filter((id) => events.has(id)));
    missing.set(event.eventId, authIds.size);
    if (authIds.size === 0) ready.add(event);
    for (const id of authIds) append(namedBy, id, event);
  }
  const ordered: Event[] = [];
  for (let event = ready.take(); event !== undefined; event = ready.take()) {
    ordered.push(event);
    for (const next of namedBy.get(event.eventId) ?? []) {
      const left = missing.get(next.eventId)! - 1;
      missing.set(next.eventId, left);
      if (left === 0) ready.add(next);
    }
  }
  return ordered;
};
