import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Presence } from './presence.ts';
import type { Typing } from './typing.ts';

export interface MembersPorts {
  readonly rooms: Pick<Rooms, 'roomsOf'>;
  readonly typing: Typing;
  readonly presence: Presence;
  /** Of what nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** Whoever goes stops typing; and who comes or goes is shown to be there to others than before. */
export function membersChanged(records: readonly PlacedRecord[], ports: MembersPorts): void {
  for (const { record } of records) {
    if (record.kind !== 'state' || record.type !== 'm.room.member') continue;
    const userId = record.stateKey as UserId;
    ports.presence.moved(userId, record.roomId);
    if (ports.typing.isTyping(record.roomId, userId))
      endTyping(ports, record.roomId, userId).catch(ports.onError);
  }
}

async function endTyping({ rooms, typing }: MembersPorts, roomId: RoomId, userId: UserId) {
  const own = (await rooms.roomsOf(userId)).get(roomId);
  if (own?.membership !== 'join') typing.ends(roomId, userId);
}
