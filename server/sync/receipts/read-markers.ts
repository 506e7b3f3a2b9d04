import type { AccountData } from '../../accounts/account-data.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Receipts } from './receipts.ts';

const FULLY_READ = 'm.fully_read';

export interface Markers {
  readonly fullyRead?: EventId | undefined;
  readonly read?: EventId | undefined;
  readonly readPrivate?: EventId | undefined;
}

export interface ReadMarkersPorts {
  readonly receipts: Receipts;
  readonly accountData: Pick<AccountData, 'get' | 'put'>;
  readonly rooms: Pick<Rooms, 'open'>;
}

/** The fully read marker, which is account data, and the receipts that are set along with it. */
export class ReadMarkers {
  readonly #ports: ReadMarkersPorts;

  constructor(ports: ReadMarkersPorts) {
    this.#ports = ports;
  }

  async set(userId: UserId, roomId: RoomId, markers: Markers): Promise<void> {
    const receipt = { userId, roomId, threadId: '' };
    const { fullyRead, read, readPrivate } = markers;
    await Promise.all([
      fullyRead && this.#setFullyRead(userId, roomId, fullyRead),
      read && this.#ports.receipts.put({ ...receipt, type: 'm.read', eventId: read }),
      readPrivate &&
        this.#ports.receipts.put({ ...receipt, type: 'm.read.private', eventId: readPrivate }),
    ]);
  }

  /** It does not go back: another device may have read further. */
  async #setFullyRead(userId: UserId, roomId: RoomId, eventId: EventId): Promise<void> {
    const room = await this.#ports.rooms.open(roomId);
    if (room?.membershipOf(userId) !== 'join') throw forbidden('You are not in this room');
    const position = await positionOf(room, eventId);
    const key = { userId, roomId, type: FULLY_READ };
    const before = await this.#ports.accountData.get(key);
    const beforePosition =
      typeof before?.event_id === 'string'
        ? await positionOf(room, before.event_id as EventId)
        : undefined;
    const isBehind =
      position !== undefined && beforePosition !== undefined && position < beforePosition;
    if (isBehind || before?.event_id === eventId) return;
    await this.#ports.accountData.put(key, { event_id: eventId });
  }
}

async function positionOf(room: Room, eventId: EventId): Promise<number | undefined> {
  const event = await room.event(eventId);
  return event && event.position > 0 ? event.position : undefined;
}
