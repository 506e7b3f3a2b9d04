import type { Room, RoomMembership } from '../../rooms/rooms.ts';
import type { LeftRoom } from '../answer-text.ts';
import type { Reader, Span } from '../reader.ts';
import { statePart, timelinePart } from './joined-room.ts';
import type { MemberChanges } from './member-changes.ts';
import { stateSection } from './state-section.ts';
import { timelineOf, type Window } from './timeline.ts';

export interface LeftQuestion {
  readonly room: Room;
  readonly membership: RoomMembership;
  readonly span: Span;
  readonly reader: Reader;
  readonly gap: boolean;
  readonly prevBatch: (position: number) => string;
}

export interface LeftResult {
  readonly room: LeftRoom;
  readonly members: MemberChanges;
}

/** A room up to where the user left it, or was thrown out, or turned down an invitation. */
export async function leftRoom(question: LeftQuestion): Promise<LeftResult> {
  const { room, reader } = question;
  const wasThere = await wasThereAt(question);
  const span = {
    after: wasThere.before ? question.span.after : 0,
    upTo: Math.min(question.membership.position, question.span.upTo),
  };
  const window = await withOwnLeaving(question, await timelineOf(room, span, reader), span);
  // Whoever never was in the room is shown their own membership only, which the timeline has.
  const full = span.after === 0 || reader.fullState;
  const about = { room, span, window, reader, full, changed: true, heroes: [] };
  const state = wasThere.lately ? await stateSection(about) : [];
  return {
    room: {
      state: statePart(state, reader),
      timeline: timelinePart(window, reader, question.prevBatch),
      accountData: [],
    },
    members: { joined: [], gone: wasThere.before ? [...room.members('join')] : [] },
  };
}

/** Whoever turns down an invitation may see nothing of the room, and yet must see that it is over. */
async function withOwnLeaving(question: LeftQuestion, window: Window, span: Span): Promise<Window> {
  const { room, reader, gap } = question;
  const limited = window.limited || gap;
  const own = await ownMembership(room, reader, span.upTo);
  const isTold = own === undefined || window.events.some(({ event }) => event.nid === own.nid);
  if (isTold || own.nid <= question.span.after) return { ...window, limited };
  const start = Math.min(window.start, own.nid - 1);
  return { events: [...window.events, { event: own, membership: 'leave' }], limited, start };
}

/** `before` the span, as the client saw it last, and `lately`: until what ended it. */
async function wasThereAt({ room, span, membership, reader }: LeftQuestion) {
  const isJoin = async (position: number) =>
    (await ownMembership(room, reader, position))?.content.membership === 'join';
  const before = span.after > 0 && (await isJoin(span.after));
  return { before, lately: before || (await isJoin(membership.since - 1)) };
}

async function ownMembership(room: Room, { userId }: Reader, position: number) {
  const [own] = await room.stateAt(
    position,
    (type, stateKey) => type === 'm.room.member' && stateKey === userId,
  );
  return own;
}
