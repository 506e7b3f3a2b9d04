import type { RoomEvent } from '../../rooms/room-event.ts';
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
    // Whoever came and went within the span has been told nothing of the room before it.
    after: wasThere.lately && !wasThere.before ? 0 : question.span.after,
    upTo: Math.min(question.membership.position, question.span.upTo),
  };
  const own = await ownMembership(room, reader, span.upTo);
  const window = withOwnLeaving(question, await timelineOf(room, span, reader), own);
  // Whoever was not in the room is shown their own membership only. The timeline has it, but does
  // not count as state for clients that ask for the state behind it.
  const alone = reader.stateAfter && own !== undefined ? [own] : [];
  const full = span.after === 0 || reader.fullState;
  const about = { room, span, window, reader, full, changed: true, heroes: [] };
  const state = wasThere.lately ? await stateSection(about) : alone;
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
function withOwnLeaving(
  { span, gap, membership }: LeftQuestion,
  window: Window,
  own: RoomEvent | undefined,
): Window {
  const limited = window.limited || gap;
  const isTold = own === undefined || window.events.some(({ event }) => event.nid === own.nid);
  if (isTold || own.nid <= span.after) return { ...window, limited };
  const leaving = { event: own, membership: membership.membership };
  const start = Math.min(window.start, own.nid - 1);
  return { events: [...window.events, leaving], limited, start };
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
