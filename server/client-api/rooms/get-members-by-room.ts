import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { decodePaginationToken } from '../../rooms/pagination-token.ts';
import { type Reading, readingOf } from '../../rooms/read/reading.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { answerOf, renderedEvents } from './rendered.ts';

const membership = z.enum(['join', 'invite', 'knock', 'leave', 'ban']).optional();

export const getMembersByRoom = endpoint({
  operation: 'getMembersByRoom',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/members',
    'GET /_matrix/client/r0/rooms/{roomId}/members',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ at: z.string().optional(), membership, not_membership: membership }),

  async handle({ caller, path, query }, { rooms }: { rooms: Pick<Rooms, 'open' | 'roomsOf'> }) {
    const reading = await readingOf(rooms, path.roomId, caller.userId);
    const members = await membersAt(reading, query.at);
    const chunk = members.filter((event) => isWanted(event.content.membership, query));
    return answerOf({ chunk: renderedEvents(chunk, caller) });
  },
});

const isMember = (type: string) => type === 'm.room.member';

/** Whoever has left sees nobody come and go behind their own departure. */
async function membersAt({ room, departure }: Reading, at: string | undefined) {
  const end = departure && { kind: 'live' as const, position: departure.nid };
  const token = at === undefined || at === '' ? undefined : decodePaginationToken(at);
  if (at && !token) throw invalidParam('at is not a token of this server');
  if (!token) return departure ? room.stateAfter(departure, isMember) : room.state(isMember);
  const position = token.kind === 'live' ? token.position : token.place.nid;
  if (end && position >= end.position) return membersAt({ room, departure }, undefined);
  return room.stateAt(position, isMember);
}

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
