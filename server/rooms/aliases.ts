import { KeyedMutex } from '../log/keyed-mutex.ts';
import { type RoomAlias, type RoomId, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../protocol/matrix-error.ts';
import { powerLevelOf, requiredPower } from '../protocol/power-levels.ts';
import type { Origin } from './draft.ts';
import type { Building } from './write/building.ts';
import { gather } from './write/gather.ts';
import { roomKey } from './write/room-change.ts';

/** The names that rooms have on this server (Room aliases). Held from the look-up to the commit. */
export class Aliases {
  readonly #building: Building;
  readonly #mutex = new KeyedMutex();

  constructor(building: Building) {
    this.#building = building;
  }

  resolve(alias: RoomAlias) {
    return this.#building.ports.store.roomAlias(alias);
  }

  /** Runs `use` while nobody else can take the alias; refuses one that is taken. */
  async holding<T>(alias: RoomAlias, taken: MatrixError, use: () => Promise<T>): Promise<T> {
    this.#refuseOtherServers(alias);
    return this.#mutex.run(alias, async () => {
      if (await this.resolve(alias)) throw taken;
      return use();
    });
  }

  add(alias: RoomAlias, roomId: RoomId, creator: UserId, origin: Origin<RoomAlias>): Promise<void> {
    const taken = new MatrixError(409, 'M_UNKNOWN', `${alias} is taken`);
    return this.holding(alias, taken, async () => {
      const room = await this.#building.rooms.get(roomId);
      const membership = (await this.#building.userRooms.of(creator)).get(roomId)?.membership;
      if (!room?.isCommitted) throw notFound('This server does not know the room');
      if (membership !== 'join') throw forbidden('Only members of a room may give it a name');
      const { rows } = this.#building.ports.store;
      const row = rows.roomAlias({ alias, roomNid: room.nid, creator });
      await this.#commit(roomId, row, origin.outcome?.(alias));
    });
  }

  async remove(alias: RoomAlias, userId: UserId, origin: Origin<RoomAlias>): Promise<void> {
    this.#refuseOtherServers(alias);
    return this.#mutex.run(alias, async () => {
      const found = await this.resolve(alias);
      if (!found) throw notFound(`There is no ${alias}`);
      if (found.creator !== userId && !(await this.#maySetCanonical(found.roomId, userId)))
        throw forbidden('Only who made the alias, or a moderator of the room, may remove it');
      const row = this.#building.ports.store.rows.noRoomAlias(alias);
      await this.#commit(found.roomId, row, origin.outcome?.(alias));
    });
  }

  async #maySetCanonical(roomId: RoomId, userId: UserId): Promise<boolean> {
    const { ports, rooms, keys } = this.#building;
    const room = await rooms.get(roomId);
    if (!room) return false;
    const wish = { sender: userId, type: 'm.room.canonical_alias', stateKey: '', content: {} };
    const state = await gather(room, wish, { store: ports.store, keys });
    return (
      state.get('m.room.member', userId)?.content.membership === 'join' &&
      powerLevelOf(userId, state, room.rules) >= requiredPower(wish, state, room.rules)
    );
  }

  #refuseOtherServers(alias: RoomAlias): void {
    const { serverName } = this.#building.ports.identity;
    if (serverNameOf(alias) !== serverName)
      throw invalidParam(`${alias} is not a name of ${serverName}`);
  }

  #commit(
    roomId: RoomId,
    row: ReturnType<Building['ports']['store']['rows']['noRoomAlias']>,
    outcome: ReturnType<NonNullable<Origin<RoomAlias>['outcome']>>,
  ): Promise<void> {
    return this.#building.ports.log.commit(() => ({
      value: undefined,
      change: { rows: [row], records: [], outcome, touches: [roomKey(roomId)] },
    }));
  }
}
