import type { PlacedRecord } from '../log/change.ts';
import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { Person } from '../protocol/caller.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, MatrixError, tooLarge, unknownToken } from '../protocol/matrix-error.ts';
import {
  deviceKeysRow,
  keysBefore,
  type OneTimeKeysBefore,
} from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { fallbackKeyRow } from '../storage/encryption/fallback-keys.ts';
import { keySignaturesGoneRow } from '../storage/encryption/key-signatures.ts';
import { type OneTimeKey, oneTimeKeyRow } from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';
import { checkedDeviceKeys } from './checked-device-keys.ts';

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
  async upload(caller: Person, upload: KeyUpload, once: Once): Promise<JsonObject> {
    const { deviceKeys } = upload;
    const checked = { ...upload, deviceKeys: deviceKeys && checkedDeviceKeys(caller, deviceKeys) };
    return lockDeviceKeys(this.#stored.locks, [caller], () => this.#upload(caller, checked, once));
  }

  async #upload(caller: Person, upload: KeyUpload, once: Once): Promise<JsonObject> {
    const { userId, deviceId } = caller;
    const fallbackKeys = parseKeys(caller, upload.fallbackKeys);
    const offered = parseKeys(caller, upload.oneTimeKeys);
    const ids = offered.map((key) => key.keyId);
    const before = await keysBefore(this.#stored.database, caller, ids);
    // Keys of a device that was logged out meanwhile would wait for the next one of its name.
    if (!before) throw unknownToken('The device is gone');
    const oneTimeKeys = newKeys(offered, before.oneTime);
    const isNew = isChanged(before.json, upload.deviceKeys);
    const body = { one_time_key_counts: countsWith(before.oneTime, oneTimeKeys) };
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
}

const isChanged = (before: string | null, keys: JsonObject | undefined): boolean =>
  keys !== undefined && (before === null || !isSame(JSON.parse(before) as JsonObject, keys));

function parseKeys({ userId, deviceId }: Person, keys: KeysById): OneTimeKey[] {
  const named = Object.entries(keys);
  if (named.length > KEYS_MAX) throw tooLarge(`A device has no use for ${named.length} keys`);
  return named.map(([name, key]) => {
    const [algorithm, keyId, ...more] = name.split(':');
    if (!algorithm || !keyId || more.length > 0 || Buffer.byteLength(name) > NAME_BYTES_MAX)
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

/** A key that is there already must be the same: it may have been given out under its name. */
function newKeys(
  offered: readonly OneTimeKey[],
  before: readonly OneTimeKeysBefore[],
): OneTimeKey[] {
  const known = new Map<string, string>(
    before.flatMap(({ algorithm, known }) =>
      Object.entries(known ?? {}).map(([keyId, json]) => [`${algorithm}:${keyId}`, json] as const),
    ),
  );
  const added = offered.filter((key) => {
    const json = known.get(nameOf(key));
    if (json === undefined) return true;
    if (json === key.json || isSame(JSON.parse(json), JSON.parse(key.json))) return false;
    throw new MatrixError(400, 'M_UNKNOWN', `One-time key ${nameOf(key)} already exists`);
  });
  const count = before.reduce((sum, each) => sum + each.count, added.length);
  if (added.length > 0 && count > KEYS_MAX)
    throw tooLarge(`The device would have ${count} one-time keys here: ${KEYS_MAX} are enough`);
  return added;
}

function countsWith(
  before: readonly OneTimeKeysBefore[],
  added: readonly OneTimeKey[],
): Record<string, number> {
  const counts = new Map(before.map(({ algorithm, count }) => [algorithm, count]));
  for (const { algorithm } of added) counts.set(algorithm, (counts.get(algorithm) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const nameOf = ({ algorithm, keyId }: OneTimeKey) => `${algorithm}:${keyId}`;

const isSame = (one: JsonObject | string, other: JsonObject | string): boolean =>
  canonicalJson(one, 'as-found') === canonicalJson(other, 'as-found');
