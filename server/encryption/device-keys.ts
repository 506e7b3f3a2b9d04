import type { PlacedRecord } from '../log/change.ts';
import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { OnDevice } from '../protocol/caller.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, MatrixError, tooLarge, unknownToken } from '../protocol/matrix-error.ts';
import { deviceKeysJson, deviceKeysRow } from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { fallbackKeyRow } from '../storage/encryption/fallback-keys.ts';
import { keySignaturesGoneRow } from '../storage/encryption/key-signatures.ts';
import {
  type OneTimeKey,
  oneTimeKeyRow,
  oneTimeKeysNamed,
} from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';
import { checkedDeviceKeys } from './checked-device-keys.ts';
import type { HeldIds, HeldKeys } from './held-keys.ts';

/** By `<algorithm>:<key id>`; a key is a string or a signed object. */
export type KeysById = Readonly<Record<string, JsonObject | string>>;

export interface KeyUpload {
  readonly deviceKeys: JsonObject | undefined;
  readonly oneTimeKeys: KeysById;
  readonly fallbackKeys: KeysById;
}

/** The public keys that a device gives us to hand out. */
export class DeviceKeys {
  readonly #stored: Stored;
  readonly #held: HeldKeys;

  constructor(stored: Stored, held: HeldKeys) {
    this.#stored = stored;
    this.#held = held;
  }

  /**
   * Resolves with the body of the answer: how many one-time keys the device has then. `once`, since a
   * repeat would bring back a key that was given out in between.
   */
  async upload(caller: OnDevice, upload: KeyUpload, once: Once): Promise<JsonObject> {
    const { deviceKeys } = upload;
    const checked = { ...upload, deviceKeys: deviceKeys && checkedDeviceKeys(caller, deviceKeys) };
    return lockDeviceKeys(this.#stored.locks, [caller], () => this.#upload(caller, checked, once));
  }

  async #upload(caller: OnDevice, upload: KeyUpload, once: Once): Promise<JsonObject> {
    const fallbackKeys = parseKeys(caller, upload.fallbackKeys);
    const offered = parseKeys(caller, upload.oneTimeKeys);
    const held = await this.#held.of(caller);
    // Keys of a device that was logged out meanwhile would wait for the next one of its name.
    if (!held) throw unknownToken('The device is gone');
    const oneTimeKeys = await this.#newKeys(caller, offered, held);
    const isNew = await this.#isChanged(caller, upload.deviceKeys);
    const body = { one_time_key_counts: countsWith(held, oneTimeKeys) };
    if (!isNew && oneTimeKeys.length === 0 && fallbackKeys.length === 0) return body;
    const deviceKeys = isNew ? upload.deviceKeys : undefined;
    await this.#commit(caller, { deviceKeys, oneTimeKeys, fallbackKeys }, once.outcome(200, body));
    this.#held.added(oneTimeKeys);
    return body;
  }

  #commit(
    { userId, deviceId }: OnDevice,
    { deviceKeys, oneTimeKeys, fallbackKeys }: NewKeys,
    outcome: ReturnType<Once['outcome']>,
  ): Promise<void> {
    return this.#stored.log.commit((next) => {
      const position = next();
      const rows: Row[] = [
        ...oneTimeKeys.map((key) => oneTimeKeyRow(key, position)),
        ...fallbackKeys.map((key) => fallbackKeyRow({ ...key, used: false })),
      ];
      const records: PlacedRecord[] = [
        { position, record: { kind: 'device-keys', userId, deviceId } },
      ];
      if (deviceKeys) {
        const changedAt = next();
        const json = JSON.stringify(deviceKeys);
        rows.push(deviceKeysRow(userId, deviceId, json), deviceListRow(userId, changedAt));
        rows.push(keySignaturesGoneRow(userId, deviceId));
        records.push({ position: changedAt, record: { kind: 'device-list', userId } });
      }
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }

  async #isChanged(caller: OnDevice, keys: JsonObject | undefined): Promise<boolean> {
    if (keys === undefined) return false;
    const before = await deviceKeysJson(this.#stored.database, caller);
    return before === undefined || !isSame(JSON.parse(before) as JsonObject, keys);
  }

  /** A key that is there already must be the same: it may have been given out under its name. */
  async #newKeys(
    caller: OnDevice,
    offered: readonly OneTimeKey[],
    held: HeldIds,
  ): Promise<OneTimeKey[]> {
    const isHeld = ({ algorithm, keyId }: OneTimeKey) => held.get(algorithm)?.has(keyId) ?? false;
    const added = offered.filter((key) => !isHeld(key));
    if (added.length < offered.length) await this.#refuseOthers(caller, offered.filter(isHeld));
    const count = [...held.values()].reduce((sum, ids) => sum + ids.size, added.length);
    if (added.length > 0 && count > KEYS_MAX)
      throw tooLarge(`The device would have ${count} one-time keys here: ${KEYS_MAX} are enough`);
    return added;
  }

  async #refuseOthers(caller: OnDevice, again: readonly OneTimeKey[]): Promise<void> {
    const ids = again.map((key) => key.keyId);
    const known = await oneTimeKeysNamed(this.#stored.database, caller, ids);
    const before = new Map(known.map((key) => [nameOf(key), key.json]));
    for (const key of again) {
      const json = before.get(nameOf(key))!;
      if (json !== key.json && !isSame(JSON.parse(json), JSON.parse(key.json)))
        throw new MatrixError(400, 'M_UNKNOWN', `One-time key ${nameOf(key)} already exists`);
    }
  }
}

interface NewKeys {
  /** Undefined where they are as before. */
  readonly deviceKeys: JsonObject | undefined;
  readonly oneTimeKeys: readonly OneTimeKey[];
  readonly fallbackKeys: readonly OneTimeKey[];
}

/** Each with its name and within bounds. */
export function parseKeys(
  { userId, deviceId }: Pick<OnDevice, 'userId' | 'deviceId'>,
  keys: KeysById,
): OneTimeKey[] {
  const named = Object.entries(keys);
  if (named.length > KEYS_MAX) throw tooLarge(`A device has no use for ${named.length} keys`);
  return named.map(([name, key]) => {
    const colon = name.indexOf(':');
    const [algorithm, keyId] = [name.slice(0, colon), name.slice(colon + 1)];
    const isName = colon > 0 && keyId !== '' && !keyId.includes(':');
    if (!isName || Buffer.byteLength(name) > NAME_BYTES_MAX)
      throw invalidParam(`A key is named <algorithm>:<id>, not ${name.slice(0, 100)}`);
    const json = JSON.stringify(key);
    if (json.length > KEY_LENGTH_MAX) throw tooLarge(`The key ${name} is too large`);
    return { userId, deviceId, algorithm, keyId, json };
  });
}

/** Clients keep 50 to 100 with us. */
const KEYS_MAX = 1_000;
const KEY_LENGTH_MAX = 8_192;
const NAME_BYTES_MAX = 255;

function countsWith(held: HeldIds, added: readonly OneTimeKey[]): Record<string, number> {
  const counts = new Map([...held].map(([algorithm, ids]) => [algorithm, ids.size]));
  for (const { algorithm } of added) counts.set(algorithm, (counts.get(algorithm) ?? 0) + 1);
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}

const nameOf = ({ algorithm, keyId }: Pick<OneTimeKey, 'algorithm' | 'keyId'>) =>
  `${algorithm}:${keyId}`;

const isSame = (one: JsonObject | string, other: JsonObject | string): boolean =>
  canonicalJson(one, 'as-found') === canonicalJson(other, 'as-found');
