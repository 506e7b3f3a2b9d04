import type { Log } from '../../log/log.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import {
  joinedAmong,
  joinedRoomsOf,
  type NumberedRoom,
} from '../../storage/federation/joined-rooms.ts';
import type { RoomServers } from './room-servers.ts';

export interface HearersPorts {
  readonly log: Pick<Log, 'committed'>;
  readonly database: Database;
  readonly roomServers: RoomServers;
}

/** Rooms that somebody may have come into, with the first position at which their membership changed there. */
export type Joins = ReadonlyMap<RoomId, number>;

/** Which servers have to hear of the devices of a user of ours. */
export class Hearers {
  readonly #ports: HearersPorts;

  constructor(ports: HearersPorts) {
    this.#ports = ports;
  }

  /** All that share a room with them. */
  async ofUser(userId: UserId): Promise<ReadonlySet<ServerName>> {
    return this.#serversIn(await joinedRoomsOf(this.#ports.database, userId));
  }

  /**
   * Those that share a room with them since they joined, and shared none before: they are to be told "when that user joins a room which
   * contains servers which are not already receiving updates" (server-server API, "Device Management").
   */
  async ofJoins(userId: UserId, joins: Joins): Promise<ReadonlySet<ServerName>> {
    const { database, roomServers } = this.#ports;
    const shared = [...joins.keys()].filter((roomId) => !roomServers.isOwn(roomId));
    if (shared.length === 0) return NOBODY;
    const rooms = await joinedAmong(database, userId, shared);
    const entered = rooms.filter(({ roomId, since }) => since >= joins.get(roomId)!);
    const servers = await this.#serversIn(entered);
    return servers.size === 0 ? NOBODY : this.#newTo(userId, servers, entered);
  }

  async #newTo(
    userId: UserId,
    servers: Set<ServerName>,
    entered: readonly NumberedRoom[],
  ): Promise<ReadonlySet<ServerName>> {
    const isNew = new Set(entered.map(({ roomId }) => roomId));
    for (const room of await joinedRoomsOf(this.#ports.database, userId)) {
      if (servers.size === 0) break;
      if (isNew.has(room.roomId)) continue;
      for (const server of await this.#serversIn([room])) servers.delete(server);
    }
    return servers;
  }

  async #serversIn(rooms: readonly NumberedRoom[]): Promise<Set<ServerName>> {
    const { roomServers, log } = this.#ports;
    const servers = new Set<ServerName>();
    for (const { roomId, roomNid } of rooms) {
      const { position } = log.committed;
      for (const server of await roomServers.at({ roomId, roomNid, position })) servers.add(server);
    }
    return servers;
  }
}

const NOBODY: ReadonlySet<ServerName> = new Set();
