import { Lru } from '../log/lru.ts';
import type { StoredReader } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { type OneTimeKey, oneTimeKeyIds } from '../storage/encryption/one-time-keys.ts';

/** The ids of the one-time keys that the server has of a device, by algorithm. */
export type HeldIds = ReadonlyMap<string, ReadonlySet<string>>;

type Ids = Map<string, Set<string>>;
type Device = Pick<OneTimeKey, 'userId' | 'deviceId'>;

const BYTES_MAX = 16 * 1_048_576;
const ENTRY_BYTES = 400;
/** Of an id of some eleven characters in a set (measured: 70). */
const ID_BYTES = 80;

/**
 * Which one-time keys the server has, so that an upload need not ask the database how many there are
 * and whether some are there already. All with the device's keys held: from the look until what was
 * made of it is committed, and told here.
 */
export class HeldKeys {
  readonly #stored: StoredReader;
  /** By user, whose devices may be deleted. */
  readonly #users = new Lru<UserId, Map<string, Ids>>(BYTES_MAX);

  constructor(stored: StoredReader) {
    this.#stored = stored;
    // A device takes its keys with it.
    stored.log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'device-list') this.#users.delete(record.userId);
    });
  }

  /** Undefined where the device is gone. */
  async of(device: Device): Promise<HeldIds | undefined> {
    const { userId, deviceId } = device;
    const known = this.#users.get(userId)?.get(deviceId);
    if (known !== undefined) return known;
    const ids = await oneTimeKeyIds(this.#stored.database, device);
    if (ids !== undefined) this.#keep(userId, deviceId, ids);
    return ids;
  }

  /** Committed. */
  added(keys: readonly OneTimeKey[]): void {
    for (const { userId, deviceId, algorithm, keyId } of keys) {
      const ids = this.#users.get(userId)?.get(deviceId);
      const ofAlgorithm = ids?.get(algorithm);
      if (ofAlgorithm) ofAlgorithm.add(keyId);
      else ids?.set(algorithm, new Set([keyId]));
    }
    if (keys[0]) this.#weigh(keys[0].userId);
  }

  /** Committed. */
  taken(keys: readonly OneTimeKey[]): void {
    for (const { userId, deviceId, algorithm, keyId } of keys)
      this.#users.get(userId)?.get(deviceId)?.get(algorithm)?.delete(keyId);
  }

  #keep(userId: UserId, deviceId: string, ids: Ids): void {
    const devices = this.#users.get(userId) ?? new Map<string, Ids>();
    devices.set(deviceId, ids);
    this.#users.set(userId, devices, bytesOf(devices));
  }

  #weigh(userId: UserId): void {
    const devices = this.#users.get(userId);
    if (devices) this.#users.set(userId, devices, bytesOf(devices));
  }
}

function bytesOf(devices: ReadonlyMap<string, HeldIds>): number {
  let bytes = ENTRY_BYTES;
  for (const algorithms of devices.values())
    for (const ids of algorithms.values()) bytes += ENTRY_BYTES + ids.size * ID_BYTES;
  return bytes;
}
