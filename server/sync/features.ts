import type { AccountData } from '../accounts/account-data.ts';
import type { Filters as StoredFilters } from '../accounts/filters.ts';
import { ignoredBy } from '../accounts/ignored-users.ts';
import type { PushRules } from '../accounts/push-rules.ts';
import type { EpochHistory } from '../log/epochs.ts';
import type { Log } from '../log/log.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { unusedFallbackKeyTypes } from '../storage/encryption/fallback-keys.ts';
import { oneTimeKeyCounts } from '../storage/encryption/one-time-keys.ts';
import { type JoinedTimelinesQuery, newestOfJoined } from '../storage/rooms/joined-timelines.ts';
import { roomsUpTo } from '../storage/shared-rooms.ts';
import { ActiveUsers } from './active/active-users.ts';
import type { KeyCounts } from './active/device.ts';
import { DeviceLists } from './device-lists.ts';
import { DeviceListsBetween } from './device-lists-between.ts';
import { EphemeralCounter } from './ephemeral/ephemeral-counter.ts';
import { Presence, type TellPresence } from './ephemeral/presence.ts';
import { type TellTyping, Typing } from './ephemeral/typing.ts';
import { Peeks } from './peeks.ts';
import { ReadMarkers } from './receipts/read-markers.ts';
import { Receipts } from './receipts/receipts.ts';
import { ToDevice } from './to-device.ts';
import { type NotificationsRequest, notificationsOf } from './unread/notifications.ts';
import { UnreadCounts } from './unread/unread-counts.ts';
import { Filters } from './v3/filter/filters.ts';
import { Sync, type SyncPorts } from './v3/sync.ts';

export interface SyncFeaturePorts {
  readonly log: Log;
  readonly epochs: EpochHistory;
  readonly database: Database;
  readonly rooms: Pick<Rooms, 'open'> & SyncPorts['rooms'];
  readonly accountData: AccountData;
  readonly pushRules: PushRules;
  readonly filters: StoredFilters;
  /** The sender of server notices, whose invites nobody blocks. */
  readonly noticesFrom?: UserId | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly tellPresence: boolean;
  readonly tellTyping?: TellTyping | undefined;
  readonly tellPresenceAbroad?: TellPresence | undefined;
  /** Of what nobody waits for. */
  readonly onError: (error: unknown) => void;
}

const SWEEP_EVERY_MS = 5_000;

/**
 * Everything of this folder, put together. To be made when all else listens to the log: whoever is
 * woken by a commit must find it in the rooms' memory.
 */
export function syncFeatures(ports: SyncFeaturePorts) {
  const { log, database, rooms, now, onError } = ports;
  const [active, ephemeral] = [new ActiveUsers(), new EphemeralCounter()];
  const receipts = new Receipts(ports);
  const typing = new Typing(ephemeral, active, ports.tellTyping);
  const joinedRooms = async (userId: UserId) => joinedOf(await rooms.roomsOf(userId));
  const { tellPresence: isTold } = ports;
  const presence = new Presence({
    counter: ephemeral,
    active,
    joinedRooms,
    roomsUpTo: (roomIds, members) => roomsUpTo(database, roomIds, members),
    now,
    onError,
    tellAbroad: ports.tellPresenceAbroad,
    isTold,
  });
  const { position } = log.committed;
  const deviceLists = new DeviceLists({ database, rooms, active, position, onError });
  const sync = new Sync({
    ...ports,
    active,
    ephemeral,
    receipts,
    typing,
    presence,
    deviceLists,
    toDevice: new ToDevice({ log, database, onError }),
    keyCounts: keyCountsFrom(database),
    unread: new UnreadCounts(receipts),
  });
  const notified = {
    rooms,
    newest: (query: JoinedTimelinesQuery) => newestOfJoined(database, query),
    ownReceipts: (userId: UserId, roomId: RoomId) => receipts.ownIn(userId, roomId),
    pushRules: (userId: UserId) => ports.pushRules.of(userId),
    ignoredBy: (userId: UserId) => ignoredBy(ports.accountData, userId),
  };
  const peeks = new Peeks(log, (roomId) => rooms.lastPosition(roomId));
  const sweeping = setInterval(() => {
    presence.sweep();
    active.sweep(now());
  }, SWEEP_EVERY_MS);
  sweeping.unref();
  return {
    ports: {
      sync,
      syncFilters: new Filters((userId, filterId) => ports.filters.get(userId, filterId)),
      typing,
      presence,
      peeks,
      receipts,
      readMarkers: new ReadMarkers({ receipts, accountData: ports.accountData, rooms }),
      notifications: (request: NotificationsRequest) => notificationsOf(notified, request),
      deviceLists: new DeviceListsBetween({ ...ports, deviceLists }),
    },
    /** Ends all waiting; to be called before the server waits for its requests to end. */
    close() {
      clearInterval(sweeping);
      presence.close();
      sync.close();
      peeks.close();
    },
  };
}

const joinedOf = (rooms: Awaited<ReturnType<Rooms['roomsOf']>>) =>
  [...rooms.values()].filter((room) => room.membership === 'join').map((room) => room.roomId);

const keyCountsFrom =
  (database: Database) =>
  async (userId: UserId, deviceId: string): Promise<KeyCounts> => {
    const [oneTime, unusedFallback] = await Promise.all([
      oneTimeKeyCounts(database, userId, deviceId),
      unusedFallbackKeyTypes(database, userId, deviceId),
    ]);
    return { oneTime, unusedFallback };
  };
