import { lockDeviceKeys } from '../accounts/device-locks.ts';
import type { Stored } from '../accounts/ports.ts';
import type { PlacedRecord } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { Caller } from '../protocol/caller.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, MatrixError, unknownToken } from '../protocol/matrix-error.ts';
import { deviceIdsOf } from '../storage/accounts/devices.ts';
import { deviceKeysOf, deviceKeysRow } from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { fallbackKeyRow } from '../storage/encryption/fallback-keys.ts';
import { keySignaturesGoneRow } from '../storage/encryption/key-signatures.ts';
import {
  type OneTimeKey,
  oneTimeKeyCounts,
  oneTimeKeyRow,
  oneTimeKeysOf,
} from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';

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

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /**
   * Resolves with the body of the answer: how many one-time keys the device has then. `once`, since a
   * repeat would bring back a key that was given out in between.
   */
  async upload(caller: Caller, upload: KeyUpload, once: Once): Promise<JsonObject> {
    refuseOthersKeys(caller, upload.deviceKeys);
    return lockDeviceKeys(this.#stored.locks, [caller], () => this.#upload(caller, upload, once));
  }

  async #upload(caller: Caller, upload: KeyUpload, once: Once): Promise<JsonObject> {
    const { userId, deviceId } = caller;
    await this.#refuseIfGone(caller);
    const isNew = await this.#isNew(caller, upload.deviceKeys);
    const oneTimeKeys = await this.#newOneTimeKeys(caller, upload.oneTimeKeys);
    const fallbackKeys = parseKeys(caller, upload.fallbackKeys);
    const before = await oneTimeKeyCounts(this.#stored.database, userId, deviceId);
    const body = { one_time_key_counts: countsWith(before, oneTimeKeys) };
    if (!isNew && oneTimeKeys.length === 0 && fallbackKeys.length === 0) return body;
    return this.#stored.log.commit((next) => {
      const position = next();
      const rows: Row[] = [
        ...oneTimeKeys.map((key) => oneTimeKeyRow(key, position)),
        ...fallbackKeys.map((key) => fallbackKeyRow({ ...key, used: false })),
      ];
      const records: PlacedRecord[] = [
        { position, record: { kind: 'device-keys', userId, deviceId } },
      ];
      if (isNew) {
        const changedAt = next();
        const json = JSON.stringify(upload.deviceKeys);
        rows.push(deviceKeysRow(userId, deviceId, json), deviceListRow(userId, changedAt));
        rows.push(keySignaturesGoneRow(userId, deviceId));
        records.push({ position: changedAt, record: { kind: 'device-list', userId } });
      }
      const outcome = once.outcome(200, body);
      return { change: { rows, records, outcome, touches: [] }, value: body };
    });
  }

  /** Keys of a device that was logged out meanwhile would wait for the next one of its name. */
  async #refuseIfGone({ userId, deviceId }: Caller) {
    const devices = await deviceIdsOf(this.#stored.database, [userId]);
    if (!devices.some((device) => device.deviceId === deviceId))
      throw unknownToken('The device is gone');
  }

  async #isNew({ userId, deviceId }: Caller, keys: JsonObject | undefined): Promise<boolean> {
    if (!keys) return false;
    const all = await deviceKeysOf(this.#stored.database, [userId]);
    const before = all.find((each) => each.deviceId === deviceId);
    return !before || !isSame(JSON.parse(before.json) as JsonObject, keys);
  }

  /** A key that is there already must be the same: it may have been given out under its name. */
  async #newOneTimeKeys(caller: Caller, uploaded: KeysById): Promise<OneTimeKey[]> {
    const keys = parseKeys(caller, uploaded);
    if (keys.length === 0) return [];
    const there = await oneTimeKeysOf(this.#stored.database, caller.userId, caller.deviceId);
    const known = new Map(there.map((key) => [nameOf(key), key.json]));
    return keys.filter((key) => {
      const before = known.get(nameOf(key));
      if (before === undefined) return true;
      if (isSame(JSON.parse(before), JSON.parse(key.json))) return false;
      throw new MatrixError(400, 'M_UNKNOWN', `One-time key ${nameOf(key)} already exists`);
    });
  }
}

function refuseOthersKeys({ userId, deviceId }: Caller, keys: JsonObject | undefined) {
  if (keys && (keys.user_id !== userId || keys.device_id !== deviceId))
    throw invalidParam('device_keys must name the user and the device that upload them');
}

function parseKeys({ userId, deviceId }: Caller, keys: KeysById): OneTimeKey[] {
  return Object.entries(keys).map(([name, key]) => {
    const [algorithm, keyId] = name.split(':');
    if (!algorithm || !keyId) throw invalidParam(`A key is named <algorithm>:<id>, not ${name}`);
    return { userId, deviceId, algorithm, keyId, json: JSON.stringify(key) };
  });
}

function countsWith(
  before: Readonly<Record<string, number>>,
  added: readonly OneTimeKey[],
): Record<string, number> {
  const counts: Record<string, number> = { ...before };
  for (const { algorithm } of added) counts[algorithm] = (counts[algorithm] ?? 0) + 1;
  return counts;
}

const nameOf = ({ algorithm, keyId }: OneTimeKey) => `${algorithm}:${keyId}`;

const isSame = (one: JsonObject | string, other: JsonObject | string): boolean =>
  canonicalJson(one, 'as-found') === canonicalJson(other, 'as-found');
