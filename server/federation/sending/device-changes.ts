import type { PlacedRecord } from '../../log/change.ts';
import type { Log } from '../../log/log.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import { serverNameOf } from '../../protocol/identifiers.ts';
import { deviceIdsOf } from '../../storage/accounts/devices.ts';
import type { Database } from '../../storage/database.ts';
import { joinedRoomsOf } from '../../storage/federation/joined-rooms.ts';
import { deviceListsChangedBetween, devicesKey, postRow } from '../../storage/federation/outbox.ts';
import type { Row } from '../../storage/write.ts';
import type { RoomServers } from './room-servers.ts';

export interface DeviceChangesPorts {
  readonly own: ServerName;
  readonly log: Pick<Log, 'commit' | 'committed'>;
  readonly database: Database;
  readonly roomServers: RoomServers;
  readonly admits: (server: ServerName) => boolean;
  readonly posted: (server: ServerName) => void;
}

const ROWS_MAX = 1_000;

/**
 * Tells the servers that share a room with one of our users that the devices of the user changed. What they are now
 * is not said: who hears of it without knowing what came before asks for all of them (server-server API, "Device
 * Management"), so that of many changes the newest is enough.
 */
export class DeviceChanges {
  readonly #ports: DeviceChangesPorts;
  readonly #changed = new Set<UserId>();

  constructor(ports: DeviceChangesPorts) {
    this.#ports = ports;
  }

  get isThere(): boolean {
    return this.#changed.size > 0;
  }

  note({ record }: PlacedRecord): void {
    if (record.kind === 'device-list') this.#noteOwn(record.userId);
  }

  /** What no record tells of any more: behind a takeover. */
  async restore(range: { after: number; upTo: number }): Promise<void> {
    const userIds = await deviceListsChangedBetween(this.#ports.database, range);
    for (const userId of userIds) this.#noteOwn(userId);
  }

  /** Resolves when it lies in the database for all whom it concerns. */
  async post(): Promise<void> {
    const userIds = [...this.#changed];
    this.#changed.clear();
    try {
      for (const userId of userIds) await this.#postOf(userId);
    } catch (error) {
      for (const userId of userIds) this.#changed.add(userId);
      throw error;
    }
  }

  #noteOwn(userId: UserId): void {
    if (serverNameOf(userId) === this.#ports.own) this.#changed.add(userId);
  }

  async #postOf(userId: UserId): Promise<void> {
    const servers = [...(await this.#sharing(userId))].filter(this.#ports.admits);
    if (servers.length === 0) return;
    const [device] = await deviceIdsOf(this.#ports.database, [userId]);
    for (let at = 0; at < servers.length; at += ROWS_MAX)
      await this.#commit(userId, device?.deviceId, servers.slice(at, at + ROWS_MAX));
    for (const server of servers) this.#ports.posted(server);
  }

  async #sharing(userId: UserId): Promise<ReadonlySet<ServerName>> {
    const { database, roomServers, log } = this.#ports;
    const servers = new Set<ServerName>();
    for (const room of await joinedRoomsOf(database, userId)) {
      const { position } = log.committed;
      for (const server of await roomServers.at({ ...room, position })) servers.add(server);
    }
    return servers;
  }

  #commit(userId: UserId, deviceId: string | undefined, servers: readonly ServerName[]) {
    return this.#ports.log.commit((next) => {
      const rows: Row[] = servers.map((server) => {
        const position = next();
        const json = updateText(userId, { deviceId, streamId: position });
        return postRow(server, { key: devicesKey(userId), position, json });
      });
      return { change: { rows, records: [], touches: [] }, value: undefined };
    });
  }
}

/** Without `prev_id`, for which other servers take it that they have missed something. */
function updateText(
  userId: UserId,
  { deviceId, streamId }: { deviceId: string | undefined; streamId: number },
): string {
  const device =
    deviceId === undefined ? { device_id: '', deleted: true } : { device_id: deviceId };
  const content = { user_id: userId, stream_id: streamId, prev_id: [], ...device };
  return canonicalJson({ edu_type: 'm.device_list_update', content });
}
