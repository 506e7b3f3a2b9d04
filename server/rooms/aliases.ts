import { KeyedMutex } from '../log/keyed-mutex.ts';
import { type RoomAlias, type RoomId, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../protocol/matrix-error.ts';
import type { Origin } from './draft.ts';
import { maySetCanonicalAlias } from './may-set-canonical-alias.ts';
import { changeRoom } from './write/attempt.ts';
import type { Building } from './write/building.ts';
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
    return this.holding(alias, taken, () =>
      changeRoom(this.#building.rooms, roomId, async ({ nid: roomNid }) => {
        const membership = (await this.#building.userRooms.of(creator)).get(roomId)?.membership;
        if (membership !== 'join') throw forbidden('Only members of a room may give it a name');
        const { rows } = this.#building.ports.store;
        await this.#commit(
          roomId,
          rows.roomAlias({ alias, roomNid, creator }),
          origin.outcome?.(alias),
        );
      }),
    );
  }

  async remove(alias: RoomAlias, userId: UserId, origin: Origin<RoomAlias>): Promise<void> {
    this.#refuseOtherServers(alias);
    return this.#mutex.run(alias, async () => {
      const found = await this.resolve(alias);
      if (!found) throw notFound(`There is no ${alias}`);
      const { roomId, creator } = found;
      await changeRoom(this.#building.rooms, roomId, async (room) => {
        if (creator !== userId && !(await maySetCanonicalAlias(this.#building, room, userId)))
          throw forbidden('Only who made the alias, or a moderator of the room, may remove it');
        const row = this.#building.ports.store.rows.noRoomAlias(alias);
        await this.#commit(roomId, row, origin.outcome?.(alias));
      });
    });
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
