import { commitRows } from '../log/commit-rows.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { OnDevice } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { pusherGoneRow, pusherRow, pushersAt, pushersOf } from '../storage/accounts/pushers.ts';
import type { Row } from '../storage/write.ts';

interface Address {
  readonly appId: string;
  readonly pushkey: string;
}

/** Where a user's notifications are to be sent. */
export class Pushers {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async list(userId: UserId): Promise<JsonObject[]> {
    const pushers = await pushersOf(this.#stored.database, userId);
    return pushers.map((pusher) => JSON.parse(pusher.content) as JsonObject);
  }

  /** Without `append` this phone was handed over: others' pushers at the same address end. */
  async set(
    { userId, deviceId }: OnDevice,
    { appId, pushkey }: Address,
    { content, append }: { content: JsonObject; append: boolean },
  ): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const there = append ? [] : await pushersAt(this.#stored.database, appId, pushkey);
      const json = JSON.stringify(content);
      await this.#commit([
        ...there.filter((each) => each.userId !== userId).map(pusherGoneRow),
        pusherRow({ userId, appId, pushkey, deviceId, content: json }),
      ]);
    });
  }

  async remove(userId: UserId, { appId, pushkey }: Address): Promise<void> {
    await this.#commit([pusherGoneRow({ userId, appId, pushkey })]);
  }

  #commit(rows: readonly Row[]): Promise<void> {
    return commitRows(this.#stored.log, rows);
  }
}
