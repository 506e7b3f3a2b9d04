import type { PlacedRecord } from '../log/change.ts';
import type { Log } from '../log/log.ts';
import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../protocol/identifiers.ts';
import type { PendingEvent, PendingStateChange } from './memory/hot-room.ts';
import type { JustCommitted } from './memory/just-committed.ts';
import type { RoomMemory } from './memory/room-memory.ts';
import type { StateKeys } from './memory/state-keys.ts';
import type { UserRooms } from './memory/user-rooms.ts';
import type { EventCache } from './read/event-cache.ts';
import { roomKey } from './write/room-change.ts';

interface Memory {
  readonly own: ServerName;
  readonly rooms: RoomMemory;
  readonly keys: StateKeys;
  readonly userRooms: UserRooms;
  readonly events: EventCache;
  readonly justCommitted: JustCommitted;
}

/**
 * Moves memory along with the log. Built in the writer's own memory, an event is there and is let
 * out to readers; what this server did not build itself (on a follower) is dropped from memory and
 * read again when it is asked for.
 */
export function listenToLog(log: Pick<Log, 'onCommitted' | 'onRefused'>, memory: Memory): void {
  log.onCommitted((records) => {
    memory.justCommitted.begin();
    for (const placed of records) committed(placed, memory);
  });
  log.onRefused((touches) => {
    for (const key of touches) if (key.startsWith(ROOM)) drop(key.slice(ROOM.length), memory);
  });
}

const ROOM = roomKey('');

const drop = (roomId: string, { rooms }: Memory) => rooms.drop(roomId as RoomId);

function committed({ position, record }: PlacedRecord, memory: Memory): void {
  switch (record.kind) {
    case 'event': {
      const pending = memory.rooms.peek(record.roomId)?.pendingAt(position);
      if (pending) letOut(pending, memory);
      else memory.rooms.drop(record.roomId);
      if (pending) memory.justCommitted.put(position, pending);
      memory.userRooms.moved(record.roomId, position);
      return;
    }
    case 'state':
      // Let out with its event; if not, the room is out of memory by now.
      if (memory.rooms.peek(record.roomId) === undefined && record.type === 'm.room.member')
        memory.userRooms.drop(record.stateKey as UserId);
      memory.userRooms.moved(record.roomId, position);
      return;
    case 'forget':
      memory.userRooms.forget(record.userId, record.roomId);
      return;
    case 'room-entered':
      memory.rooms.drop(record.roomId);
      // They may stand in other states by now.
      memory.events.forgetRoom(record.roomId);
      memory.userRooms.dropIf((userId) => serverNameOf(userId) !== memory.own);
      return;
    case 'room-deleted':
      memory.rooms.drop(record.roomId);
      memory.userRooms.deleted(record.roomId, position);
      return;
    case 'history-purged':
      memory.rooms.thin(record.roomId);
      memory.events.forgetRoom(record.roomId);
      return;
    case 'receipt':
    case 'account-data':
    case 'to-device':
    case 'device-list':
    case 'key-signature':
    case 'logins':
    case 'profile':
    case 'directory':
    case 'device-keys':
      return;
    default:
      record satisfies never;
  }
}

function letOut(pending: PendingEvent, { rooms, keys, userRooms, events }: Memory): void {
  const { room, event, stateChanges, redacted } = pending;
  const had = stateChanges.map(({ keyNid }) => room.state.has(keyNid));
  room.apply(pending);
  stateChanges.forEach((change, index) => void holdKey(keys, change, had[index]!));
  rooms.weigh(room.roomId);
  if (stateChanges.some(({ eventNid }) => eventNid === event.nid)) events.put(event);
  if (redacted) events.putRedacted(redacted);
  for (const { member, position } of stateChanges) {
    if (!member) continue;
    const { userId, ...now } = member;
    userRooms.apply(userId, { roomId: room.roomId, position, ...now });
  }
}

function holdKey(keys: StateKeys, { keyNid, eventNid }: PendingStateChange, had: boolean): void {
  keys.committed(keyNid);
  if (eventNid !== undefined && !had) keys.hold(keyNid);
  if (eventNid === undefined && had) keys.letGo(keyNid);
}
