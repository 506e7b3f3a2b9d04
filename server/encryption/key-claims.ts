import type { PlacedRecord } from '../log/change.ts';
import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once, OutcomeRow } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import {
  type FallbackKey,
  fallbackKeyRow,
  fallbackKeysFor,
} from '../storage/encryption/fallback-keys.ts';
import { type OneTimeKey, oneTimeKeyGoneRow } from '../storage/encryption/one-time-keys.ts';
import type { Row } from '../storage/write.ts';
import type { HeldKeys } from './held-keys.ts';
import { KeyStock } from './key-stock.ts';

/** A key of this algorithm of this device. */
export interface ClaimWish {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
}

/** What was claimed of others' servers, as a part of the answer of POST /keys/claim. */
export interface ClaimedAbroad {
  readonly one_time_keys: JsonObject;
  readonly failures: JsonObject;
}

interface Claimed {
  readonly oneTime: readonly OneTimeKey[];
  /** Those given out before, too. */
  readonly fallback: readonly FallbackKey[];
}

interface Taken {
  readonly oneTime: readonly OneTimeKey[];
  /** Fallback keys that are given out for the first time. */
  readonly given: readonly FallbackKey[];
}

/** Hands out one-time keys, each to one asker only: before anybody is told, it is gone for good. */
export class KeyClaims {
  readonly #stored: Stored;
  readonly #stock: KeyStock;
  readonly #held: HeldKeys;

  constructor(stored: Stored, held: HeldKeys) {
    this.#stored = stored;
    this.#held = held;
    this.#stock = new KeyStock(stored);
  }

  /**
   * The body of the answer, which is also the outcome: a repeat gets the same keys. `abroad` is what other servers
   * answered; undefined for another server, which asks for keys of this one alone.
   */
  claim(
    wishes: readonly ClaimWish[],
    abroad: ClaimedAbroad | undefined,
    once: Once,
  ): Promise<JsonObject> {
    return lockDeviceKeys(this.#stored.locks, wishes, async () => {
      const { oneTime, fallback } = await this.#find(wishes);
      const keys = byDevice([...oneTime, ...fallback]);
      const body: JsonObject = abroad
        ? { one_time_keys: { ...keys, ...abroad.one_time_keys }, failures: abroad.failures }
        : { one_time_keys: keys };
      const given = fallback.filter((key) => !key.used);
      // Of one that was given out before nothing changes, and its device need not be told.
      if (oneTime.length + given.length > 0)
        await this.#commit({ oneTime, given }, once.outcome(200, body));
      return body;
    });
  }

  async #commit({ oneTime, given }: Taken, outcome: OutcomeRow | undefined): Promise<void> {
    await this.#stored.log.commit((next) => {
      const records = [...oneTime, ...given].map(
        ({ userId, deviceId }): PlacedRecord => ({
          position: next(),
          record: { kind: 'device-keys', userId, deviceId },
        }),
      );
      const rows: Row[] = [
        ...oneTime.map(oneTimeKeyGoneRow),
        ...given.map((key) => fallbackKeyRow({ ...key, used: true })),
      ];
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
    this.#held.taken(oneTime);
  }

  /** One query for all at most, and one more for those that have no one-time key left. */
  async #find(wishes: readonly ClaimWish[]): Promise<Claimed> {
    const { database } = this.#stored;
    const oneTime = await this.#stock.take(wishes);
    const found = new Set(oneTime.map(nameOf));
    const left = wishes.filter((wish) => !found.has(nameOf(wish)));
    return { oneTime, fallback: left.length > 0 ? await fallbackKeysFor(database, left) : [] };
  }
}

const nameOf = ({ userId, deviceId, algorithm }: ClaimWish): string =>
  `${userId}\0${deviceId}\0${algorithm}`;

function byDevice(claimed: readonly OneTimeKey[]): JsonObject {
  const users = new Map<string, [string, JsonObject][]>();
  for (const key of claimed) {
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
