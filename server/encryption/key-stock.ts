import { Lru } from '../log/lru.ts';
import type { StoredReader } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { type OneTimeKey, oldestOneTimeKeys } from '../storage/encryption/one-time-keys.ts';

type Wish = Pick<OneTimeKey, 'userId' | 'deviceId' | 'algorithm'>;

const BYTES_MAX = 16 * 1_048_576;
const ENTRY_BYTES = 400;

/** As many of a device are read at once; of a claim for many devices just those that it takes. */
const READ_AHEAD = 20;
const WISHES_MAX = 20;

/**
 * The next one-time keys of devices that others ask for. What is in here is in the database too, and
 * comes next there: whoever takes a key takes it from here, and it never comes back but by being read
 * again. So a key whose claim failed waits in the database, and none is taken twice. With the devices'
 * keys held, from the taking until what was taken is committed.
 */
export class KeyStock {
  readonly #stored: StoredReader;
  /** By user, whose devices may be deleted; then by device and algorithm. */
  readonly #users = new Lru<UserId, Map<string, OneTimeKey[]>>(BYTES_MAX);
  #forgotten = 0;

  constructor(stored: StoredReader) {
    this.#stored = stored;
    stored.log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'device-list') this.#forget(record.userId);
    });
  }

  async take(wishes: readonly Wish[]): Promise<OneTimeKey[]> {
    const taken: OneTimeKey[] = [];
    const missing: Wish[] = [];
    for (const wish of wishes) {
      const key = this.#users.get(wish.userId)?.get(nameOf(wish))?.shift();
      if (key) taken.push(key);
      else missing.push(wish);
    }
    if (missing.length > 0) taken.push(...(await this.#read(missing)));
    return taken;
  }

  async #read(wishes: readonly Wish[]): Promise<OneTimeKey[]> {
    const before = this.#forgotten;
    const each = wishes.length > WISHES_MAX ? 1 : READ_AHEAD;
    const keys = await oldestOneTimeKeys(this.#stored.database, wishes, each);
    const groups = Map.groupBy(keys, (key) => `${key.userId}\0${nameOf(key)}`);
    return [...groups.values()].map(([first, ...others]) => {
      // A device that ended meanwhile has taken its keys with it.
      if (others.length > 0 && before === this.#forgotten) this.#keep(others);
      return first!;
    });
  }

  #keep(keys: OneTimeKey[]): void {
    const { userId } = keys[0]!;
    const ofUser = this.#users.get(userId) ?? new Map<string, OneTimeKey[]>();
    ofUser.set(nameOf(keys[0]!), keys);
    this.#users.set(userId, ofUser, bytesOf(ofUser));
  }

  #forget(userId: UserId): void {
    this.#forgotten += 1;
    this.#users.delete(userId);
  }
}

const nameOf = ({ deviceId, algorithm }: Wish): string => `${deviceId}\0${algorithm}`;

function bytesOf(ofUser: ReadonlyMap<string, readonly OneTimeKey[]>): number {
  let bytes = ENTRY_BYTES;
  for (const keys of ofUser.values())
    for (const { json } of keys) bytes += ENTRY_BYTES + json.length;
  return bytes;
}
