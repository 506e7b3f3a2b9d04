import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { OwnRate } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { type StoredRate, storedRateOf, storedRateRow } from '../storage/accounts/own-rates.ts';
import { ownRateIn } from './own-rate.ts';
import { loginsChanged } from './sessions.ts';

/** How fast single users may ask, where administrators have said so: bridges and bots speak for many. */
export class OwnRates {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async of(userId: UserId): Promise<StoredRate | undefined> {
    const stored = await storedRateOf(this.#stored.database, userId);
    return stored && stored.messagesPerSecond !== null ? stored : undefined;
  }

  /** As the limits ask for it. */
  async rateOf(userId: UserId): Promise<OwnRate | undefined> {
    const stored = await this.of(userId);
    return stored && ownRateIn(stored);
  }

  /** Both null for what everybody has. It is remembered with the user's logins, so the log tells that it changed. */
  async set(
    userId: UserId,
    rate: StoredRate,
    { once, body }: { once: Once; body: JsonObject },
  ): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), () =>
      this.#stored.log.commit((next) => {
        const records = [loginsChanged(userId, next())];
        const outcome = once.outcome(200, body);
        const rows = [storedRateRow(userId, rate)];
        return { change: { rows, records, outcome, touches: [] }, value: undefined };
      }),
    );
  }
}
