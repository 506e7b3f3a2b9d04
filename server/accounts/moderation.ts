import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import { type ServerName, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden, invalidParam, notFound } from '../protocol/matrix-error.ts';
import { type Account, accountOf, accountRow } from '../storage/accounts/accounts.ts';
import { changeAccount } from './change-account.ts';
import { loginsChanged } from './sessions.ts';

export type Standing = 'suspended' | 'locked';

export interface StandingChange {
  readonly userId: UserId;
  readonly which: Standing;
  /** From now on, or no more. */
  readonly holds: boolean;
}

const SINCE = { suspended: 'suspendedMs', locked: 'lockedMs' } as const;

/** How accounts stand with the administrators of this server, who answer for what they ask. */
export class Moderation {
  readonly #stored: Stored;
  readonly #serverName: ServerName;

  constructor(stored: Stored, { serverName }: { serverName: ServerName }) {
    this.#stored = stored;
    this.#serverName = serverName;
  }

  async get(userId: UserId, which: Standing): Promise<JsonObject> {
    return told(which, await this.#moderated(userId));
  }

  /** As `set` refuses it: for whoever writes down first what is ordered. */
  async refuseToSet(by: UserId, userId: UserId): Promise<void> {
    if (by === userId) throw forbidden('Nobody does that to themselves');
    await this.#moderated(userId);
  }

  /** What is remembered of the user's logins says how they stand, so the log tells that it changed. */
  async set(by: UserId, change: StandingChange, once: Once): Promise<JsonObject> {
    const { userId, which, holds } = change;
    if (by === userId) throw forbidden('Nobody does that to themselves');
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.#moderated(userId);
      // Whoever is suspended once more stays so from the first time.
      const since = holds ? (account[SINCE[which]] ?? this.#stored.now()) : null;
      const after: Account = { ...account, [SINCE[which]]: since };
      const body = told(which, after);
      return this.#stored.log.commit((next) => {
        const records = [loginsChanged(userId, next())];
        const outcome = once.outcome(200, body);
        return {
          change: { rows: [accountRow(after)], records, outcome, touches: [] },
          value: body,
        };
      });
    });
  }

  /** Lets a user ask what administrators may, or no more. */
  setAdmin(userId: UserId, admin: boolean, once: Once): Promise<void> {
    const edit = (account: Account) => ({ ...account, admin });
    return changeAccount(this.#stored, userId, once, { edit, body: {} });
  }

  async #moderated(userId: UserId): Promise<Account> {
    if (serverNameOf(userId) !== this.#serverName)
      throw invalidParam('The user does not belong to this server');
    const account = await accountOf(this.#stored.database, userId);
    if (!account || account.deactivatedMs !== null) throw notFound('There is no such account');
    if (account.admin) throw forbidden('The user is an administrator');
    return account;
  }
}

const told = (which: Standing, account: Account): JsonObject => ({
  [which]: account[SINCE[which]] !== null,
});
