import type { UserId } from '../../../protocol/identifiers.ts';
import type { Room, StateKeyTest } from '../../../rooms/room.ts';
import type { RoomEvent } from '../../../rooms/room-event.ts';
import type { Span } from '../../span.ts';
import type { Reader } from '../reader.ts';
import type { ToldWindow } from './told-window.ts';

export interface StateQuestion {
  readonly room: Room;
  readonly span: Span;
  readonly window: ToldWindow;
  readonly reader: Reader;
  /** All of the state, and not what changed in the span. */
  readonly full: boolean;
  /** Whether any state changed in the span; to look costs. */
  readonly changed: boolean;
  /** With lazy loading these come along, to name the room by. */
  readonly heroes: readonly UserId[];
}

/**
 * What a client has to know before it applies the timeline: the state at its start, and what the
 * timeline does not tell of its own stretch.
 *
 * With `use_state_after` it is the state behind the timeline, which is applied instead of it.
 */
export function stateSection(question: StateQuestion): Promise<RoomEvent[]> | RoomEvent[] {
  const { room, reader } = question;
  const { state: filter } = reader.filter.room;
  if (filter.admitsNothing || !filter.admitsRoom(room.roomId)) return [];
  const members = filter.lazyLoadMembers ? wantedMembers(question) : undefined;
  // Nearly always, and a message is told to many.
  if (!question.full && !question.changed && members === undefined) return [];
  return stateOf(question, members);
}

async function stateOf(
  question: StateQuestion,
  members: ReadonlySet<string> | undefined,
): Promise<RoomEvent[]> {
  const { room, reader } = question;
  const { state: filter } = reader.filter.room;
  const events = question.full
    ? await fullState(question, members)
    : await changedState(question, members);
  const wanted = events.filter((event) => filter.admits(event));
  if (filter.lazyLoadMembers) noteMembers(question, wanted);
  return room.shownTo(reader.userId, wanted);
}

async function fullState(question: StateQuestion, members: ReadonlySet<string> | undefined) {
  const { room, window, span, reader } = question;
  const only: StateKeyTest | undefined =
    members && ((type, stateKey) => type !== MEMBER || members.has(stateKey));
  if (reader.stateAfter) return room.stateAt(span.upTo, only);
  const atStart = await room.stateAt(window.start, only);
  return merged(atStart, window.untold);
}

async function changedState(question: StateQuestion, members: ReadonlySet<string> | undefined) {
  const { room, span, window, reader, changed } = question;
  const { after, upTo } = span;
  let state: RoomEvent[] = [];
  if (changed && reader.stateAfter) state = await room.stateDelta({ after, upTo });
  else if (changed) {
    const before = await room.stateDelta({ after, upTo: window.start });
    state = merged(before, window.untold);
  }
  const missing = new Set(members);
  for (const event of state) if (event.type === MEMBER) missing.delete(event.stateKey!);
  if (missing.size === 0) return state;
  const keys = [...missing].map((userId) => [MEMBER, userId] as const);
  return [...state, ...(await room.stateEventsAt(reader.stateAfter ? upTo : window.start, keys))];
}

/** The later list wins where both have an event at a key. */
function merged(earlier: readonly RoomEvent[], later: readonly RoomEvent[]): RoomEvent[] {
  const state = new Map<string, RoomEvent>();
  for (const event of [...earlier, ...later])
    state.set(`${event.type}\u0000${event.stateKey}`, event);
  return [...state.values()];
}

/** Senders whom the client does not know yet; all it may need where it starts afresh. */
function wantedMembers({ room, window, reader, full, heroes }: StateQuestion): Set<string> {
  const { includeRedundantMembers } = reader.filter.room.state;
  const wanted = new Set<string>(heroes);
  for (const sender of sendersNotIntroduced(window)) wanted.add(sender);
  if (full) wanted.add(reader.userId);
  else if (!includeRedundantMembers)
    for (const userId of wanted)
      if (reader.device.knowsMember(room.roomId, userId as UserId)) wanted.delete(userId);
  return wanted;
}

/** Whoever appears by joining has told their name with that. */
function sendersNotIntroduced({ events }: Pick<ToldWindow, 'events'>): Set<string> {
  const [senders, introduced] = [new Set<string>(), new Set<string>()];
  for (const { event } of events) {
    if (event.type === MEMBER && event.stateKey !== undefined && !senders.has(event.stateKey))
      introduced.add(event.stateKey);
    if (!introduced.has(event.sender)) senders.add(event.sender);
  }
  return senders;
}

function noteMembers({ room, window, span, reader, full }: StateQuestion, state: RoomEvent[]) {
  const events = [...state, ...window.events.map((seen) => seen.event)];
  const members = events.filter((event) => event.type === MEMBER).map((event) => event.stateKey);
  if (full) reader.device.forgetMembers(room.roomId);
  reader.device.membersSent(room.roomId, members as UserId[], span.upTo);
}

const MEMBER = 'm.room.member';
