import { randomInt } from 'node:crypto';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { accountRow } from '../storage/accounts/accounts.ts';
import { profileFieldRow } from '../storage/accounts/profile-fields.ts';
import type { Row } from '../storage/write.ts';
import type { Accounts } from './accounts.ts';
import type { Passwords } from './passwords.ts';
import { profileChanged } from './profiles.ts';
import type { RegistrationTokens } from './registration-tokens.ts';
import type { Sessions, SessionWish } from './sessions.ts';

export interface Registration {
  readonly userId: UserId;
  readonly password: string;
  /** Undefined where the client does not want to be logged in. */
  readonly session: SessionWish | undefined;
  readonly registrationToken: string | undefined;
  readonly admin?: boolean;
  readonly displayName?: string | undefined;
  /** What is committed along with it. */
  readonly besides?: readonly Row[];
}

interface RegistrationParts {
  readonly accounts: Accounts;
  readonly passwords: Pick<Passwords, 'hash'>;
  readonly sessions: Sessions;
  readonly registrationTokens: RegistrationTokens;
}

/** What `randomInt` has room for. */
const GUEST_NUMBERS = 2 ** 48 - 1;

/** New accounts. */
export class Registrations {
  readonly #stored: Stored;
  readonly #parts: RegistrationParts;

  constructor(stored: Stored, parts: RegistrationParts) {
    this.#stored = stored;
    this.#parts = parts;
  }

  /** Account, session and outcome in one transaction. */
  async register(wish: Registration, once: Once): Promise<JsonObject> {
    const passwordHash = await this.#parts.passwords.hash(wish.password);
    const { besides = [], registrationToken } = wish;
    if (registrationToken === undefined) return this.#register(wish, passwordHash, besides, once);
    const answer = await this.#parts.registrationTokens.use(registrationToken, (tokenRow) =>
      this.#register(wish, passwordHash, [tokenRow, ...besides], once),
    );
    if (!answer) throw forbidden('The registration token is no longer valid');
    return answer;
  }

  /** Somebody without a name of their own, who may read and talk where guests are let in. Nobody can log in as them again. */
  registerGuest(session: SessionWish, once: Once): Promise<JsonObject> {
    const userId = `@${randomInt(GUEST_NUMBERS)}:${this.#parts.accounts.serverName}` as UserId;
    return this.#register({ userId, session, guest: true }, null, [], once);
  }

  /** One of its users, who has no password. */
  registerOfService(
    wish: { userId: UserId; session: SessionWish | undefined },
    once: Once,
  ): Promise<JsonObject> {
    return this.#register(wish, null, [], once);
  }

  /** Somebody whom an upstream provider vouches for, and who has no password. `rows` say so, and go along. */
  async registerVouchedFor(
    wish: { userId: UserId; displayName: string | undefined },
    rows: readonly Row[],
    once: Once,
  ): Promise<void> {
    await this.#register({ ...wish, session: undefined }, null, rows, once);
  }

  /** Of somebody who is in the operator's directory, which knows their password. */
  registerOfDirectory(
    wish: Pick<Registration, 'userId' | 'session' | 'displayName' | 'besides'>,
    once: Once,
  ): Promise<JsonObject> {
    this.#parts.accounts.refuseKept(wish.userId, undefined);
    const { besides = [] } = wish;
    return this.#register({ ...wish, inDirectory: true }, null, besides, once);
  }

  async #register(
    wish: Pick<Registration, 'userId' | 'admin' | 'session' | 'displayName'> & {
      guest?: boolean;
      inDirectory?: boolean;
    },
    passwordHash: string | null,
    rows: readonly Row[],
    once: Once,
  ): Promise<JsonObject> {
    const { userId, admin = false, guest = false, inDirectory = false } = wish;
    const { session, displayName } = wish;
    return this.#stored.locks.run(lockOf(userId), async () => {
      await this.#parts.accounts.refuseTaken(userId);
      const createdMs = this.#stored.now();
      const ends = { deactivatedMs: null, suspendedMs: null, lockedMs: null };
      const account = { userId, passwordHash, admin, guest, inDirectory, createdMs, ...ends };
      const prepared = session && (await this.#parts.sessions.prepare(account, session));
      return this.#stored.log.commit((position) => {
        const nothing = { rows: [], records: [], answer: { user_id: userId } };
        const made = prepared?.(position) ?? nothing;
        const named = displayName === undefined ? undefined : nameOf(userId, displayName, position);
        const all = [...rows, accountRow(account), ...made.rows, ...(named?.rows ?? [])];
        const outcome = once.outcome(200, made.answer, { secret: true });
        const records = [...made.records, ...(named?.records ?? [])];
        return { change: { rows: all, records, outcome, touches: [] }, value: made.answer };
      });
    });
  }
}

const nameOf = (userId: UserId, displayName: string, position: () => number) => ({
  rows: [profileFieldRow(userId, 'displayname', JSON.stringify(displayName))],
  records: [profileChanged(userId, position())],
});
