import type { UserId } from '../../../protocol/identifiers.ts';
import type { RoomMembership } from '../../../rooms/membership/membership.ts';
import { encodePlace } from '../../../rooms/pagination-token.ts';
import { compare } from '../../../rooms/read/page.ts';
import type { Room } from '../../../rooms/room.ts';
import { type RoomEvent, renderEvent } from '../../../rooms/room-event.ts';
import { renderSeen } from '../../../rooms/seen-event.ts';
import type { Place } from '../../../rooms/store.ts';
import type { PlacedReceipt } from '../../../storage/receipts.ts';
import type { RoomChanges } from '../../engine/what-changed.ts';
import type { Span } from '../../span.ts';
import type { Unread } from '../../unread/room-unread.ts';
import type { UnreadQuestion } from '../../unread/unread-counts.ts';
import type { JoinedRoom, Json, StatePart, TimelinePart } from '../answer-text.ts';
import type { Reader } from '../reader.ts';
import { receiptEvents, typingEvent } from './ephemeral-events.ts';
import { stateSection } from './state-section.ts';
import { type Summary, summaryOf } from './summary.ts';
import type { Window } from './timeline.ts';
import { type ToldWindow, toldWindow } from './told-window.ts';

export interface JoinedQuestion {
  readonly room: Room;
  readonly membership: RoomMembership;
  /** Of an initial sync, a gappy one, and a room just joined: (0, upTo]. */
  readonly span: Span;
  readonly reader: Reader;
  readonly changes: RoomChanges;
  /** The client has or may have a part of the timeline that does not join up with this one. */
  readonly gap: boolean;
  readonly typing: readonly UserId[];
  /** What changed of the receipts; those of everybody. */
  readonly receipts: readonly PlacedReceipt[];
  readonly accountData: readonly Json[];
  readonly prevBatch: (position: number) => string;
  readonly unread: (question: UnreadQuestion) => Promise<Unread>;
}

/** Undefined where there is nothing to tell. */
export async function joinedRoom(question: JoinedQuestion): Promise<JoinedRoom | undefined> {
  const { room, span, reader, changes } = question;
  const fresh = span.after === 0;
  const window = await windowOf(question);
  const summary = fresh || changes.members ? await summaryOf(room, reader.userId) : undefined;
  const state = await stateSection({
    room,
    span,
    window,
    reader,
    full: fresh || reader.fullState,
    changed: changes.state,
    heroes: summary?.['m.heroes'] ?? [],
  });
  const ephemeral = ephemeralOf(question);
  const hasNews =
    window.events.length + state.length + ephemeral.length + question.accountData.length > 0;
  const told =
    fresh || reader.fullState || hasNews || window.limited || summary || readElsewhere(question);
  return told ? sections(question, { window, summary, state, ephemeral }) : undefined;
}

async function windowOf({ room, span, reader, changes, gap }: JoinedQuestion): Promise<ToldWindow> {
  if (!changes.timeline) return { events: [], limited: false, start: span.upTo, untold: [] };
  const window = await toldWindow(room, span, reader, { mayChange: changes.state });
  return gap ? { ...window, limited: true } : window;
}

/** Counts go down on all devices when one of them has read the room. */
const readElsewhere = ({ receipts, reader }: JoinedQuestion): boolean =>
  receipts.some((receipt) => receipt.userId === reader.userId);

function ephemeralOf({ room, reader, changes, typing, receipts, span }: JoinedQuestion): Json[] {
  const { ephemeral: filter } = reader.filter.room;
  if (filter.admitsNothing || !filter.admitsRoom(room.roomId)) return [];
  // To a client that starts afresh, nobody typing is no news.
  const tellTyping = span.after === 0 ? typing.length > 0 : changes.typing;
  return [...(tellTyping ? typingEvent(typing, reader) : []), ...receiptEvents(receipts, reader)];
}

interface Found {
  readonly window: Window;
  readonly summary: Summary | undefined;
  readonly state: readonly RoomEvent[];
  readonly ephemeral: readonly Json[];
}

async function sections(question: JoinedQuestion, found: Found): Promise<JoinedRoom> {
  const { room, reader, membership, span } = question;
  const { window, summary, state, ephemeral } = found;
  const { timeline } = reader.filter.room;
  return {
    summary,
    ephemeral,
    state: await statePart(room, state, reader),
    timeline: await timelinePart(room, window, question),
    accountData: question.accountData,
    unread: await question.unread({
      userId: reader.userId,
      room,
      joinedAt: membership.since,
      upTo: span.upTo,
      threadsApart: timeline.unreadThreadNotifications,
      ignored: reader.ignored,
      pushRules: reader.pushRules,
    }),
  };
}

/** A message is told to many at once, and functions that are waited for are a third of what an answer allocates: there are no more of them than it takes. */
export function statePart(
  room: Room,
  state: readonly RoomEvent[],
  reader: Reader,
): Promise<StatePart> | StatePart {
  return state.length === 0
    ? { key: reader.stateKey, events: [] }
    : renderedState(room, state, reader);
}

async function renderedState(
  room: Room,
  state: readonly RoomEvent[],
  reader: Reader,
): Promise<StatePart> {
  const events = await formed(room, state, reader);
  const { userId, deviceId, now } = reader;
  const to = { userId, deviceId, now };
  return { key: reader.stateKey, events: events.map((event) => renderEvent(event, to)) };
}

export async function timelinePart(
  room: Room,
  { events, limited, start, gapAt }: Window,
  { reader, prevBatch }: { reader: Reader; prevBatch: (position: number) => string },
): Promise<TimelinePart> {
  const shown = await formed(
    room,
    events.map(({ event }) => event),
    reader,
  );
  const { userId, deviceId, now } = reader;
  const to = { userId, deviceId, now };
  return {
    limited,
    prevBatch: gapAt ? encodePlace(await aboveGap(room, gapAt, start)) : prevBatch(start),
    events: shown.map((event, index) => renderSeen({ ...events[index]!, event }, to)),
  };
}

/** What came before the gap may be deeper than what lies behind it: depths are claims. */
async function aboveGap(room: Room, gapAt: Place, start: number): Promise<Place> {
  const before = await room.upperEdge(start);
  return compare(before, gapAt) > 0 ? before : gapAt;
}

const formed = (room: Room, events: readonly RoomEvent[], { filter }: Reader) =>
  filter.federationFormat ? room.federationForms(events) : events;
