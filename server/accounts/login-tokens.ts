import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { User } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { type Account, accountOf } from '../storage/accounts/accounts.ts';
import {
  loginToken,
  loginTokenGoneRow,
  loginTokenRow,
  loginTokensOf,
} from '../storage/accounts/login-tokens.ts';
import { type UpstreamSession, upstreamSessionOf } from '../storage/accounts/upstream-sessions.ts';
import type { Row } from '../storage/write.ts';
import type { Sessions, SessionWish } from './sessions.ts';
import { hashBytes, newSecret } from './token-secret.ts';

/** What the specification recommends. */
const LIFE_MS = 120_000;

/** For whoever has proved to be this user. It lets them in once its row is committed. */
export function newLoginToken(
  userId: UserId,
  nowMs: number,
  upstream?: UpstreamSession,
): { token: string; row: Row } {
  const token = newSecret('login');
  const row = loginTokenRow({
    ...{ tokenHash: hashBytes(token), userId },
    ...{ expiresMs: nowMs + LIFE_MS, upstream },
  });
  return { token, row };
}

/** Tokens by which whoever is logged in lets one further device in (`m.login.token`). */
export class LoginTokens {
  readonly #stored: Stored;
  readonly #sessions: Pick<Sessions, 'prepare'>;

  constructor(stored: Stored, sessions: Pick<Sessions, 'prepare'>) {
    this.#stored = stored;
    this.#sessions = sessions;
  }

  /**
   * Those of the user that were never used, and are too old, go with the next one. Whom it lets in is there by the same login as the
   * caller, and ends with it.
   */
  async create(
    { userId, deviceId }: Pick<User, 'userId' | 'deviceId'>,
    once: Once,
  ): Promise<JsonObject> {
    const { database, locks, log, now } = this.#stored;
    return locks.run(lockOf(userId), async () => {
      const nowMs = now();
      const before = await loginTokensOf(database, userId);
      const gone = before.filter(({ expiresMs }) => expiresMs <= nowMs).map(loginTokenGoneRow);
      const upstream =
        deviceId === undefined ? undefined : await upstreamSessionOf(database, userId, deviceId);
      const { token, row } = newLoginToken(userId, nowMs, upstream);
      const body = { login_token: token, expires_in_ms: LIFE_MS };
      const outcome = once.outcome(200, body, { secret: true });
      await commitRows(log, [...gone, row], outcome);
      return body;
    });
  }

  /** The token goes in the commit in which the session begins: it lets one device in. */
  async logIn(token: string, session: SessionWish, once: Once): Promise<JsonObject> {
    const { database, locks, log } = this.#stored;
    const tokenHash = hashBytes(token);
    const seen = await loginToken(database, tokenHash);
    if (!seen) throw notValid();
    const { userId, upstream } = seen;
    return locks.run(lockOf(userId), async () => {
      const account = await this.#unusedOf(tokenHash, userId);
      const prepared = await this.#sessions.prepare(account, { ...session, upstream });
      return log.commit((position) => {
        const { rows, records, answer } = prepared(position);
        const outcome = once.outcome(200, answer, { secret: true });
        const all = [loginTokenGoneRow({ tokenHash }), ...rows];
        return { change: { rows: all, records, outcome, touches: [] }, value: answer };
      });
    });
  }

  /** Whom it would let in, if it was never used. */
  async #unusedOf(tokenHash: Buffer, userId: UserId): Promise<Account> {
    const { database, now } = this.#stored;
    const token = await loginToken(database, tokenHash);
    if (!token || token.expiresMs <= now()) throw notValid();
    const account = await accountOf(database, userId);
    if (!account || account.deactivatedMs !== null) throw notValid();
    return account;
  }
}

const notValid = () => forbidden('The login token is unknown, used, or too old');
