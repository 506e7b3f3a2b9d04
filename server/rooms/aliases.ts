import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { AuthState } from '../protocol/auth-rules/verdict.ts';
import {
  type EventId,
  type RoomAlias,
  type RoomId,
  serverNameOf,
  type UserId,
} from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../protocol/matrix-error.ts';
import type { Origin } from './draft.ts';
import {
  CANONICAL_ALIAS,
  canonicalAliasState,
  maySetCanonicalAlias,
} from './may-set-canonical-alias.ts';
import { changeRoom } from './write/attempt.ts';
import type { Building } from './write/building.ts';
import { RoomChangedMeanwhile } from './write/moved-meanwhile.ts';
import { roomKey } from './write/room-change.ts';
import { sendEvent } from './write/send-event.ts';

const ATTEMPTS_MAX = 10;

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
      for (let attempts = 1; !(await this.#removed(alias, found, userId, origin)); attempts++)
        if (attempts === ATTEMPTS_MAX) throw new RoomChangedMeanwhile();
    });
  }

  /** False where somebody has meanwhile changed what the room calls itself. */
  async #removed(
    alias: RoomAlias,
    { roomId, creator }: { roomId: RoomId; creator: UserId },
    userId: UserId,
    origin: Origin<RoomAlias>,
  ): Promise<boolean> {
    const row = this.#building.ports.store.rows.noRoomAlias(alias);
    const outcome = () => origin.outcome?.(alias);
    const isNamed = await changeRoom(this.#building.rooms, roomId, async (room) => {
      const state = await canonicalAliasState(this.#building, room, userId);
      const mayName = maySetCanonicalAlias(state, room, userId);
      if (creator !== userId && !mayName)
        throw forbidden('Only who made the alias, or a moderator of the room, may remove it');
      if (mayName && withoutAlias(state, alias)) return true;
      await this.#commit(roomId, row, outcome());
      return false;
    });
    return !isNamed || this.#unnamed(roomId, { alias, userId }, { rows: () => [row], outcome });
  }

  /** The room no longer calls itself by it, in the change in which it goes. */
  async #unnamed(
    roomId: RoomId,
    { alias, userId }: { alias: RoomAlias; userId: UserId },
    gone: Pick<Origin<EventId>, 'rows' | 'outcome'>,
  ): Promise<boolean> {
    const sending = sendEvent(this.#building, roomId, gone, async (room) => {
      const before = await canonicalAliasState(this.#building, room, userId);
      const content = withoutAlias(before, alias);
      if (content === undefined) throw new RoomChangedMeanwhile();
      const check = (state: AuthState) => {
        if (namingEvent(state) !== namingEvent(before)) throw new RoomChangedMeanwhile();
        return undefined;
      };
      return { draft: { sender: userId, ...CANONICAL_ALIAS, content }, check };
    });
    return sending.then(
      () => true,
      (error) => {
        if (error instanceof RoomChangedMeanwhile) return false;
        throw error;
      },
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

const namingEvent = (state: AuthState) => state.get(CANONICAL_ALIAS.type, '')?.eventId;

/** Undefined where the room does not call itself by it. */
function withoutAlias(state: AuthState, alias: RoomAlias): JsonObject | undefined {
  const { content = {} } = state.get(CANONICAL_ALIAS.type, '') ?? {};
  const { alias: main, alt_aliases: others, ...more } = content;
  const kept = Array.isArray(others) ? others.filter((each) => each !== alias) : others;
  const isNamed = Array.isArray(others) && Array.isArray(kept) && kept.length < others.length;
  if (main !== alias && !isNamed) return undefined;
  const isEmpty = Array.isArray(kept) && kept.length === 0;
  return {
    ...more,
    ...(main !== undefined && main !== alias && { alias: main }),
    ...(kept !== undefined && !isEmpty && { alt_aliases: kept }),
  };
}
