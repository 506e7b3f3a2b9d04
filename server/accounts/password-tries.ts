import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import { failedPasswordRow, failedPasswords } from '../storage/accounts/failed-passwords.ts';

/** How often a password may be tried, by user and by address, in memory. */
export interface TryLimits {
  /** The milliseconds to wait, 0 for none. */
  take(who: string): number;
  /** Until they may try as often as somebody who never did. */
  owedMs(who: string): number;
  /** As it was left by another writer. */
  owe(who: string, owedMs: number): void;
}

/** More than the limits keep in memory is not read. */
const RESTORED_MAX = 100_000;

/**
 * What wrong passwords have used up of somebody's tries is committed: else each takeover would let
 * whoever guesses begin anew, and takeovers can be brought about.
 */
export class PasswordTries {
  readonly #stored: Pick<Stored, 'database' | 'log' | 'now'>;
  readonly #limits: TryLimits;

  constructor(stored: Pick<Stored, 'database' | 'log' | 'now'>, limits: TryLimits) {
    this.#stored = stored;
    this.#limits = limits;
  }

  /** The milliseconds to wait, 0 for none. By user, who may have many addresses, and by address, which may have many users' names. */
  take(who: readonly string[]): number {
    return Math.max(0, ...who.map((each) => this.#limits.take(each)));
  }

  /** To be called before anybody is told that the password is wrong. */
  async failed(who: readonly string[]): Promise<void> {
    const { log, now } = this.#stored;
    const owing = who.filter((each) => this.#limits.owedMs(each) > 0);
    if (owing.length === 0) return;
    const rows = owing.map((each) =>
      failedPasswordRow({ who: each, expiresMs: Math.ceil(now() + this.#limits.owedMs(each)) }),
    );
    await commitRows(log, rows);
  }

  /** What the writers of before have noted; before anybody is served. */
  async restore(): Promise<void> {
    const { database, now } = this.#stored;
    const nowMs = now();
    const noted = await failedPasswords(database, { nowMs, limit: RESTORED_MAX });
    for (const { who, expiresMs } of noted) this.#limits.owe(who, expiresMs - nowMs);
  }
}
