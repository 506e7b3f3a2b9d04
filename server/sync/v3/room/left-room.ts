import type { RoomMembership } from '../../../rooms/membership/membership.ts';
import type { Room } from '../../../rooms/room.ts';
import type { RoomEvent } from '../../../rooms/room-event.ts';
import { departureUpTo, entryAt, membershipAt } from '../../engine/stay.ts';
import type { Span } from '../../span.ts';
import type { LeftRoom } from '../answer-text.ts';
import type { Reader } from '../reader.ts';
import { statePart, timelinePart } from './joined-room.ts';
import { stateSection } from './state-section.ts';
import { isInTimeline, type Window } from './timeline.ts';
import { toldWindow } from './told-window.ts';

export interface LeftQuestion {
  readonly room: Room;
  readonly membership: RoomMembership;
  readonly span: Span;
  readonly reader: Reader;
  readonly gap: boolean;
  readonly prevBatch: (position: number) => string;
}

/**
 * A room up to where the user left it or was thrown out, and behind that their own membership alone:
 * that they were banned, or turned down another invitation.
 */
export async function leftRoom(question: LeftQuestion): Promise<LeftRoom> {
  const { room, reader, span } = question;
  const history = await room.membershipHistory(reader.userId);
  const wasThere = span.after > 0 && membershipAt(history, span.after) === 'join';
  const departure = departureUpTo(history, span.upTo);
  const own = await ownMembership(question);
  const changedAt = entryAt(history, span.upTo)?.position ?? 0;
  const shown = await upToDeparture(question, { departure, wasThere });
  const window = withOwn(question, shown.window, own);
  return {
    state: await statePart(
      room,
      withOwnState(question, { state: shown.state, window, own, changedAt }),
      reader,
    ),
    timeline: await timelinePart(room, window, question),
    accountData: [],
  };
}

interface Shown {
  readonly window: Window;
  readonly state: readonly RoomEvent[];
}

async function upToDeparture(
  { room, reader, span }: LeftQuestion,
  { departure, wasThere }: { departure: number | undefined; wasThere: boolean },
): Promise<Shown> {
  const isNew = departure !== undefined && departure > span.after;
  if (departure === undefined || !(isNew || reader.fullState))
    return { window: { events: [], limited: false, start: span.upTo }, state: [] };
  // Whoever came and went within the span has been told nothing of the room before it.
  const shown = { after: isNew && !wasThere ? 0 : span.after, upTo: departure };
  const window = await toldWindow(room, shown, reader, { mayChange: true });
  const full = shown.after === 0 || reader.fullState;
  const about = { room, span: shown, window, reader, full, changed: true, heroes: [] };
  return { window, state: await stateSection(about) };
}

function withOwn(
  { span, gap, membership, reader, room }: LeftQuestion,
  window: Window,
  own: RoomEvent | undefined,
): Window {
  const limited = window.limited || gap;
  const isDue = own !== undefined && own.position > span.after && !isToldIn(window, own);
  if (!isDue || !isInTimeline(room, own, reader)) return { ...window, limited };
  const leaving = { event: own, membership: membership.membership };
  const start = Math.min(window.start, own.position - 1);
  return { events: [...window.events, leaving], limited, start };
}

/**
 * What the timeline does not tell, by the client's filter, because it does not count as state there, or because it has no place
 * in it, as when an invite of a room that is not here is turned down: told where their membership changed, and not where the event stands.
 */
function withOwnState(
  { span, reader, room }: LeftQuestion,
  { state, window, own, changedAt }: Shown & { own: RoomEvent | undefined; changedAt: number },
): readonly RoomEvent[] {
  const { state: filter } = reader.filter.room;
  if (own === undefined || (changedAt <= span.after && !reader.fullState)) return state;
  if (!reader.stateAfter && isToldIn(window, own)) return state;
  if (filter.admitsNothing || !filter.admitsRoom(room.roomId) || !filter.admits(own)) return state;
  const isOwn = (event: RoomEvent) => event.type === own.type && event.stateKey === own.stateKey;
  return [...state.filter((event) => !isOwn(event)), own];
}

const isToldIn = ({ events }: Window, own: RoomEvent): boolean =>
  events.some(({ event }) => event.nid === own.nid);

async function ownMembership({ room, reader, span }: LeftQuestion): Promise<RoomEvent | undefined> {
  return (await room.stateEventsAt(span.upTo, [['m.room.member', reader.userId]]))[0];
}
