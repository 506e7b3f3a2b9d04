import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';

/** What of a room an answer has to look at. */
export interface RoomChanges {
  timeline: boolean;
  state: boolean;
  members: boolean;
  receipts: boolean;
  typing: boolean;
}

/** What of a user's world changed in a span of the log. */
export class WhatChanged {
  readonly rooms = new Map<RoomId, RoomChanges>();
  accountData = false;
  keyCounts = false;
  /** The user joined, left, or was invited somewhere. */
  ownMembership = false;

  room(roomId: RoomId): RoomChanges {
    const room = this.rooms.get(roomId) ?? { ...NOTHING };
    this.rooms.set(roomId, room);
    return room;
  }

  /** For answers that have to look at all of a room. */
  all(roomId: RoomId): void {
    this.rooms.set(roomId, { ...EVERYTHING });
  }
}

const NOTHING: RoomChanges = {
  timeline: false,
  state: false,
  members: false,
  receipts: false,
  typing: false,
};
export const EVERYTHING: Readonly<RoomChanges> = {
  timeline: true,
  state: true,
  members: true,
  receipts: true,
  // That nobody types is told only to those who were told that somebody does.
  typing: false,
};

export function whatChanged(
  records: readonly PlacedRecord[],
  reader: { userId: UserId; deviceId: string; upTo: number },
): WhatChanged {
  const changed = new WhatChanged();
  for (const { position, record } of records)
    if (position <= reader.upTo) note(changed, record, reader);
  return changed;
}

function note(
  changed: WhatChanged,
  record: PlacedRecord['record'],
  reader: { userId: UserId; deviceId: string },
): void {
  switch (record.kind) {
    case 'event':
      changed.room(record.roomId).timeline = true;
      return;
    case 'state': {
      const room = changed.room(record.roomId);
      room.state = true;
      if (record.type !== 'm.room.member') return;
      room.members = true;
      changed.ownMembership ||= record.stateKey === reader.userId;
      return;
    }
    case 'room-deleted':
      changed.room(record.roomId).members = true;
      changed.ownMembership = true;
      return;
    case 'receipt':
      changed.room(record.roomId).receipts = true;
      return;
    case 'account-data':
      changed.accountData = true;
      return;
    case 'device-keys':
      changed.keyCounts ||= record.deviceId === reader.deviceId;
      return;
    // What there is of these is found by their positions.
    case 'to-device':
    case 'device-list':
    case 'key-signature':
    // A room that was forgotten is not shown, and that it is not is no news.
    case 'forget':
    case 'logins':
    case 'profile':
    case 'directory':
    case 'history-purged':
    // Who enters is told of by the record of their own membership.
    case 'room-entered':
      return;
    default:
      record satisfies never;
  }
}
