import type { PlacedRecord } from '../log/change.ts';
import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { fallbackKeyRow, fallbackKeysFor } from '../storage/encryption/fallback-keys.ts';
import { type OneTimeKey, oneTimeKeyGoneRow } from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';
import { KeyStock } from './key-stock.ts';

/** A key of this algorithm of this device. */
export interface ClaimWish {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
}

interface Claimed {
  readonly key: OneTimeKey;
  /** What takes the key out of the store, or marks the fallback key as given out. */
  readonly row: Row | undefined;
}

/** Hands out one-time keys, each to one asker only: before anybody is told, it is gone for good. */
export class KeyClaims {
  readonly #stored: Stored;
  readonly #stock: KeyStock;

  constructor(stored: Stored) {
    this.#stored = stored;
    this.#stock = new KeyStock(stored);
  }

  /**
   * The body of the answer, which is also the outcome: a repeat gets the same keys. `failures` are
   * the servers that could not be asked.
   */
  claim(wishes: readonly ClaimWish[], failures: JsonObject, once: Once): Promise<JsonObject> {
    return lockDeviceKeys(this.#stored.locks, wishes, async () => {
      const claimed = await this.#find(wishes);
      const body = { one_time_keys: byDevice(claimed), failures };
      return this.#stored.log.commit((next) => {
        const records = claimed.map(
          ({ key: { userId, deviceId } }): PlacedRecord => ({
            position: next(),
            record: { kind: 'device-keys', userId, deviceId },
          }),
        );
        const rows = claimed.flatMap(({ row }) => row ?? []);
        const outcome = once.outcome(200, body);
        return { change: { rows, records, outcome, touches: [] }, value: body };
      });
    });
  }

  /** One query for all at most, and one more for those that have no one-time key left. */
  async #find(wishes: readonly ClaimWish[]): Promise<Claimed[]> {
    const { database } = this.#stored;
    const keys = await this.#stock.take(wishes);
    const found = new Set(keys.map(nameOf));
    const left = wishes.filter((wish) => !found.has(nameOf(wish)));
    const fallbacks = left.length > 0 ? await fallbackKeysFor(database, left) : [];
    return [
      ...keys.map((key) => ({ key, row: oneTimeKeyGoneRow(key) })),
      ...fallbacks.map((key) => ({
        key,
        row: key.used ? undefined : fallbackKeyRow({ ...key, used: true }),
      })),
    ];
  }
}

const nameOf = ({ userId, deviceId, algorithm }: ClaimWish): string =>
  `${userId}\0${deviceId}\0${algorithm}`;

function byDevice(claimed: readonly Claimed[]): JsonObject {
  const users = new Map<string, [string, JsonObject][]>();
  for (const { key } of claimed) {
    const value = JSON.parse(key.json) as JsonValue;
    const named = { [`${key.algorithm}:${key.keyId}`]: value };
    const devices = users.get(key.userId);
    if (devices) devices.push([key.deviceId, named]);
    else users.set(key.userId, [[key.deviceId, named]]);
  }
  return Object.fromEntries(
    [...users].map(([userId, devices]) => [userId, Object.fromEntries(devices)]),
  );
}
