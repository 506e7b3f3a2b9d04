import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { type Reading, readingOfWhole } from '../../rooms/read/reading.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Place } from '../../rooms/store.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { placeOf } from '../events/page-request.ts';
import { answerOf, renderedEvents } from '../events/rendered.ts';
import type { MemberTexts } from './member-texts.ts';

const membership = z.enum(['join', 'invite', 'knock', 'leave', 'ban']).optional();

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'whenWhole'>;
  readonly largeReads: LargeReads;
  readonly memberTexts: MemberTexts;
}

export const getMembersByRoom = endpoint({
  operation: 'getMembersByRoom',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/members',
    'GET /_matrix/client/r0/rooms/{roomId}/members',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ at: z.string().optional(), membership, not_membership: membership }),

  async handle({ caller, path, query, signal }, { rooms, largeReads, memberTexts }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { userId } = caller;
    const reading = await readingOfWhole(rooms, path.roomId, userId, signal);
    const { room, departure } = reading;
    const { membership = '', not_membership = '' } = query;
    const question = {
      roomId: path.roomId,
      kind: `${membership} ${not_membership}`,
      reader: userId,
    };
    const isNowForAll = !query.at && !departure && (await room.showsAllTo(userId));
    const mark = isNowForAll ? room.stateMark : undefined;
    const known = mark === undefined ? undefined : memberTexts.ofMark(question, mark);
    if (known) return jsonText(known);
    const members = await membersAt(reading, query.at, userId);
    const chunk = members.filter((event) => isWanted(event.content.membership, query));
    const shown = await room.shownTo(userId, chunk);
    // Whatever came while they were read, the text is of that mark if the mark still is.
    const text = memberTexts.of(question, shown, mark === room.stateMark ? mark : undefined);
    return text ? jsonText(text) : answerOf({ chunk: renderedEvents(shown, caller) });
  },
});

const isMember = (type: string) => type === 'm.room.member';

/**
 * Whoever has left sees nobody come and go behind their own departure; and nobody sees who was there
 * at a time of which they may not see an event. At the very beginning nobody was there yet: who came first is told, since
 * clients that have the whole timeline ask by its `prev_batch` who sends in it.
 */
async function membersAt({ room, departure }: Reading, at: string | undefined, reader: UserId) {
  const now = () => (departure ? room.stateAfter(departure, isMember) : room.state(isMember));
  if (!at) return now();
  const place = await placeOf(at, 'at', (position) => room.placeAt(position));
  const event = (await room.eventBefore(place)) ?? (await room.firstMember());
  if (event && departure && !isBefore(event, departure)) return now();
  const [seen] = event ? await room.visibleTo(reader, [event]) : [];
  if (!seen) throw forbidden('You may not see the room as it was then');
  return room.stateAfter(seen.event, isMember);
}

const isBefore = (a: Place, b: Place): boolean =>
  a.depth < b.depth || (a.depth === b.depth && a.nid < b.nid);

type Membership = RoomEvent['content'][string];

/** With both, either suffices. */
function isWanted(
  value: Membership | undefined,
  only: { membership?: string | undefined; not_membership?: string | undefined },
): boolean {
  const { membership, not_membership } = only;
  if (membership === undefined && not_membership === undefined) return true;
  return (
    (membership !== undefined && value === membership) ||
    (not_membership !== undefined && value !== not_membership)
  );
}
