import { lockDeviceKeys } from '../accounts/device-locks.ts';
import type { Stored } from '../accounts/ports.ts';
import type { PlacedRecord } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { fallbackKeyRow, fallbackKeysOf } from '../storage/encryption/fallback-keys.ts';
import {
  type OneTimeKey,
  oldestOneTimeKey,
  oneTimeKeyGoneRow,
} from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';

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

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /**
   * The body of the answer, which is also the outcome: a repeat gets the same keys. `failures` are
   * the servers that could not be asked.
   */
  claim(wishes: readonly ClaimWish[], failures: JsonObject, once: Once): Promise<JsonObject> {
    return lockDeviceKeys(this.#stored.locks, wishes, async () => {
      const found = await Promise.all(wishes.map((wish) => this.#find(wish)));
      const claimed = found.filter((each) => each !== undefined);
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

  async #find(wish: ClaimWish): Promise<Claimed | undefined> {
    const { database } = this.#stored;
    const key = await oldestOneTimeKey(database, wish);
    if (key) return { key, row: oneTimeKeyGoneRow(key) };
    const fallbacks = await fallbackKeysOf(database, wish.userId, wish.deviceId);
    const fallback = fallbacks.find((each) => each.algorithm === wish.algorithm);
    if (!fallback) return undefined;
    return {
      key: fallback,
      row: fallback.used ? undefined : fallbackKeyRow({ ...fallback, used: true }),
    };
  }
}

function byDevice(claimed: readonly Claimed[]): JsonObject {
  const users = new Map<string, [string, JsonObject][]>();
  for (const { key } of claimed) {
    const value = JSON.parse(key.json) as JsonValue;
    const named = { [`${key.algorithm}:${key.keyId}`]: value };
    users.set(key.userId, [...(users.get(key.userId) ?? []), [key.deviceId, named]]);
  }
  return Object.fromEntries(
    [...users].map(([userId, devices]) => [userId, Object.fromEntries(devices)]),
  );
}
