import type { Room } from '../../../rooms/room.ts';
import type { RoomEvent } from '../../../rooms/room-event.ts';
import type { Span } from '../../span.ts';
import type { Reader } from '../reader.ts';
import { timelineOf, type Window } from './timeline.ts';

/** A timeline, and what changed in its stretch of which no event of it tells. */
export interface ToldWindow extends Window {
  /**
   * State events that the filter left out, that the reader may not see, or that state resolution
   * brought. They go into the state, or the client would never hear of them.
   */
  readonly untold: readonly RoomEvent[];
}

/** `mayChange`: whether any state changed in the span; to look costs. */
export async function toldWindow(
  room: Room,
  span: Span,
  reader: Reader,
  { mayChange }: { mayChange: boolean },
): Promise<ToldWindow> {
  const window = await timelineOf(room, span, reader);
  if (reader.stateAfter || !mayChange || window.events.length === 0)
    return { ...window, untold: [] };
  const told = new Set(window.events.map(({ event }) => event.nid));
  const changes = await room.stateDelta({ after: window.start, upTo: span.upTo });
  return withoutOutdated({ ...window, untold: changes.filter(({ nid }) => !told.has(nid)) }, span);
}

/**
 * The timeline is applied upon the state: an event of it may not bring back what an untold one has
 * replaced. So it begins behind the last event that would; the rest is a gap, to be asked for.
 */
function withoutOutdated(window: ToldWindow, span: Span): ToldWindow {
  if (window.untold.length === 0) return window;
  const newest = new Map(window.untold.map((event) => [keyOf(event), event.position]));
  const last = window.events.findLastIndex(
    ({ event }) => event.stateKey !== undefined && event.position < (newest.get(keyOf(event)) ?? 0),
  );
  if (last < 0) return window;
  const events = window.events.slice(last + 1);
  const start = events.length === 0 ? span.upTo : events[0]!.event.position - 1;
  const untold = window.untold.filter((event) => event.position > start);
  return { events, limited: true, start, untold };
}

const keyOf = ({ type, stateKey }: RoomEvent): string => `${type}\u0000${stateKey}`;
