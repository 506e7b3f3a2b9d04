import { Followed } from '../../log/followed.ts';
import type { StoredReader } from '../../log/stored.ts';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { sharingRooms } from '../../storage/shared-rooms.ts';
import type { ClaimedAbroad, ClaimWish } from '../key-claims.ts';
import { bytesOf, type UserKeys } from '../published-keys.ts';
import { type Answers, failed, type KeyServerPorts, KeyServers } from './key-servers.ts';

interface Asking {
  readonly caller: UserId;
  readonly withinMs: number;
}

export interface KeysFound {
  readonly keys: ReadonlyMap<UserId, UserKeys>;
  readonly failures: Answers['failures'];
}

const KEPT_BYTES_MAX = 32 * 1_048_576;

/**
 * Keys of users of other servers. While somebody here shares a room with them their server tells of each change
 * (`m.device_list_update`), so what it answered is kept until then; of others it is asked each time.
 */
export class KeysAbroad {
  readonly #stored: StoredReader;
  readonly #servers: KeyServers;
  readonly #kept = new Followed<UserId, UserKeys>({ bytesMax: KEPT_BYTES_MAX, bytesOf });

  constructor(stored: StoredReader, ports: Omit<KeyServerPorts, 'database'>) {
    this.#stored = stored;
    this.#servers = new KeyServers({ ...ports, database: stored.database });
    stored.log.onCommitted((records) => {
      for (const { record } of records) {
        if (record.kind === 'device-list') this.#kept.changed(record.userId);
        // Whether their server still tells us of changes is as it is from here on.
        if (record.kind === 'state' && record.type === 'm.room.member')
          this.#kept.changed(record.stateKey as UserId);
        if (record.kind === 'room-entered' || record.kind === 'room-deleted') this.#kept.clear();
      }
    });
  }

  async query(userIds: readonly UserId[], asking: Asking): Promise<KeysFound> {
    if (userIds.length === 0) return { keys: new Map(), failures: {} };
    const shared = await sharingRooms(this.#stored.database, asking.caller, userIds);
    const near = userIds.filter((userId) => shared.has(userId));
    const far = userIds.filter((userId) => !shared.has(userId));
    let failures: Answers['failures'] = {};
    const ask = async (missing: readonly UserId[]) => {
      const found = await this.#ask(missing, asking);
      failures = { ...failures, ...found.failures };
      return found.keys;
    };
    const [kept, asked] = await Promise.all([this.#kept.of(near, ask), ask(far)]);
    const keys = new Map([...kept, ...asked]);
    return { keys, failures: { ...silentAmong(userIds, keys), ...failures } };
  }

  /** Each server once: what it gave out it gives to nobody else, so this is asked for behind all that may refuse. */
  async claim(wishes: readonly ClaimWish[], asking: Asking): Promise<ClaimedAbroad> {
    const asked = new Map(
      [...Map.groupBy(wishes, ({ userId }) => serverNameOf(userId))].map(([server, ofServer]) => {
        const users = [...new Set(ofServer.map(({ userId }) => userId))];
        return [server, { users, content: { one_time_keys: wishedOf(ofServer) } }] as const;
      }),
    );
    const path = `${V1}/claim`;
    const { told, failures } = await this.#servers.ask(asking.caller, asked, { ...asking, path });
    const keys = wishes.flatMap((wish) => {
      const key = claimedIn(told.get(serverNameOf(wish.userId)), wish);
      return key ? [{ ...wish, key }] : [];
    });
    return { one_time_keys: nested(keys.map((each) => [each, each.key])), failures };
  }

  async #ask(userIds: readonly UserId[], asking: Asking): Promise<KeysFound> {
    const asked = new Map(
      [...Map.groupBy(userIds, serverNameOf)].map(([server, users]) => {
        const device_keys = Object.fromEntries(users.map((userId) => [userId, []]));
        return [server, { users, content: { device_keys } }] as const;
      }),
    );
    const path = `${V1}/query`;
    const { told, failures } = await this.#servers.ask(asking.caller, asked, { ...asking, path });
    const keys = userIds.flatMap((userId) => {
      const answer = told.get(serverNameOf(userId));
      return answer ? [[userId, keysOf(userId, answer)] as const] : [];
    });
    return { keys: new Map(keys), failures };
  }
}

const V1 = '/_matrix/federation/v1/user/keys';

/** Somebody else asked them at the same time, and did not hear. */
function silentAmong(
  userIds: readonly UserId[],
  keys: ReadonlyMap<UserId, UserKeys>,
): Record<ServerName, JsonObject> {
  const silent = userIds.filter((userId) => !keys.has(userId)).map(serverNameOf);
  return Object.fromEntries(silent.map((server) => [server, failed('It does not answer')]));
}

/** Nobody answers for anybody else: what is not of the user, or of another device, is left out. */
function keysOf(userId: UserId, answer: JsonObject): UserKeys {
  const devices = Object.entries(objectIn(answer.device_keys, userId)).flatMap(
    ([deviceId, keys]) =>
      isObject(keys) && keys.user_id === userId && keys.device_id === deviceId
        ? [[deviceId, JSON.stringify(keys)] as const]
        : [],
  );
  const master = keyOf(userId, answer.master_keys);
  const self_signing = keyOf(userId, answer.self_signing_keys);
  const crossSigning = { ...(master && { master }), ...(self_signing && { self_signing }) };
  return { devices: new Map(devices), crossSigning };
}

function keyOf(userId: UserId, ofAll: JsonValue | undefined): string | undefined {
  const key = objectIn(ofAll, userId);
  return key.user_id === userId ? JSON.stringify(key) : undefined;
}

const wishedOf = (wishes: readonly ClaimWish[]): JsonObject =>
  nested(wishes.map((wish) => [wish, wish.algorithm]));

/** One key, of the algorithm that was asked for. */
function claimedIn(
  answer: JsonObject | undefined,
  { userId, deviceId, algorithm }: ClaimWish,
): JsonObject | undefined {
  const keys = objectIn(objectIn(answer?.one_time_keys, userId), deviceId);
  const [found] = Object.entries(keys).filter(([id]) => id.startsWith(`${algorithm}:`));
  return found && Object.fromEntries([found]);
}

/** By user and device. */
function nested(all: readonly (readonly [ClaimWish, JsonValue])[]): JsonObject {
  const users = Map.groupBy(all, ([{ userId }]) => userId);
  return Object.fromEntries(
    [...users].map(([userId, ofUser]) => [
      userId,
      Object.fromEntries(ofUser.map(([{ deviceId }, value]) => [deviceId, value])),
    ]),
  );
}

function objectIn(of: JsonValue | undefined, name: string): JsonObject {
  const inner = isObject(of) && Object.hasOwn(of, name) ? of[name] : undefined;
  return isObject(inner) ? inner : {};
}
