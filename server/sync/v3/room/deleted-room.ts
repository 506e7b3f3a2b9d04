import { createHash } from 'node:crypto';
import type { RoomMembership } from '../../../rooms/membership/membership.ts';
import type { LeftRoom } from '../answer-text.ts';
import type { Reader } from '../reader.ts';

/**
 * All that is left to tell of a room that was deleted is that its reader is no longer in it. Clients go by a membership event, of
 * which there is none any more: this one stands in no room, and is the same each time.
 */
export function deletedRoom(
  reader: Reader,
  { roomId, position }: RoomMembership,
  prevBatch: (position: number) => string,
): LeftRoom {
  const { userId } = reader;
  const event = JSON.stringify({
    ...{ type: 'm.room.member', state_key: userId, sender: userId },
    content: { membership: 'leave', reason: 'The room was deleted by an administrator' },
    event_id: `$${createHash('sha256').update(`${roomId} ${userId} ${position}`).digest('base64url')}`,
    origin_server_ts: reader.now,
  });
  return {
    state: { key: reader.stateKey, events: reader.stateAfter ? [event] : [] },
    timeline: { events: [event], limited: false, prevBatch: prevBatch(position) },
    accountData: [],
  };
}
