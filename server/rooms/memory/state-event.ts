import type { Event, StateEvent } from '../../protocol/event.ts';
import type { HotRoom } from './hot-room.ts';

/** As it is kept for the auth rules, which look at a few such events for each new one. */
export function stateEventOf(
  { pdu, prevEvents: _prev, authEvents: _auth, redacts: _redacts, ...kept }: Event,
  { roomId, rules }: Pick<HotRoom, 'roomId' | 'rules'>,
): StateEvent {
  const event = { ...kept, roomId };
  return rules.eventIdForm === 'given' ? { ...event, pdu } : event;
}

/** What it weighs in memory, by its text: of a small event measured, with its place in the map. */
export const stateEventBytesOf = ({ content, pdu }: StateEvent): number =>
  EVENT_BYTES + 2 * JSON.stringify(pdu ?? content).length;

const EVENT_BYTES = 300;
