import type { Event, StateEvent } from '../../protocol/event.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';

/**
 * As it is kept for the auth rules, which look at a few such events for each new one. There are some in each room
 * in memory: one by one, since what is spread lies in two pieces, and the name of a type once for all.
 */
export function stateEventOf(
  { eventId, type, sender, stateKey, content, depth, originServerTs, rejected, pdu }: Event,
  { roomId, rules }: { readonly roomId: RoomId; readonly rules: RoomVersionRules },
): StateEvent {
  const event = {
    eventId,
    roomId,
    type: TYPES.get(type) ?? type,
    sender,
    stateKey: stateKey === sender ? sender : stateKey,
    content,
    depth,
    originServerTs,
    rejected,
  };
  return rules.eventIdForm === 'given' ? { ...event, pdu } : event;
}

const TYPES = new Map(
  ['m.room.create', 'm.room.member', 'm.room.power_levels', 'm.room.join_rules'].map((type) => [
    type,
    type,
  ]),
);

/** What it weighs in memory, by its text: of a small event measured, with its place in the map. */
export const stateEventBytesOf = ({ content, pdu }: StateEvent): number =>
  EVENT_BYTES + 2 * JSON.stringify(pdu ?? content).length;

const EVENT_BYTES = 250;
