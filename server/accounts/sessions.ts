import type { PlacedRecord } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { OnDevice } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { unknownToken, userLocked } from '../protocol/matrix-error.ts';
import {
  type AccessToken,
  accessTokenGoneRow,
  accessTokenRow,
  tokenByAccessHash,
  tokenByRefreshHash,
  tokensOf,
} from '../storage/accounts/access-tokens.ts';
import { type Account, accountOf } from '../storage/accounts/accounts.ts';
import { deviceRow, devicesOf } from '../storage/accounts/devices.ts';
import {
  type UpstreamSession,
  upstreamSessionGoneRow,
  upstreamSessionRow,
} from '../storage/accounts/upstream-sessions.ts';
import type { Row } from '../storage/write.ts';
import { refuseKeyAsDevice, refuseTooMany } from './new-device.ts';
import { ownRateIn } from './own-rate.ts';
import { TokenCache } from './token-cache.ts';
import { newTokenPair } from './token-pair.ts';
import { hashBytes, hashOfSecret, newDeviceId } from './token-secret.ts';

export interface SessionWish {
  readonly deviceId?: string | undefined;
  readonly initialDisplayName?: string | undefined;
  /** The client can refresh tokens, so it gets one that ends. */
  readonly refreshable: boolean;
  /** The login at a provider by which they come, which may end it. */
  readonly upstream?: UpstreamSession | undefined;
}

/** What a login adds to the database and to its answer. */
export interface NewSession {
  readonly rows: readonly Row[];
  readonly records: readonly PlacedRecord[];
  readonly answer: JsonObject;
}

/** Logged-in devices and their tokens. */
export class Sessions {
  readonly #stored: Stored;
  readonly #accessTokenLifeMs: number;
  readonly #cache = new TokenCache();

  constructor(stored: Stored, options: { accessTokenLifeMs: number }) {
    this.#stored = stored;
    this.#accessTokenLifeMs = options.accessTokenLifeMs;
    stored.log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'logins') this.#cache.forget(record.userId);
    });
  }

  /** At once for a token that was used lately, else how to look it up. Throws what an expired token is to be told. */
  authenticate(accessToken: string): OnDevice | (() => Promise<OnDevice | undefined>) {
    const hash = hashOfSecret(accessToken);
    const known = this.#cache.get(hash);
    if (!known) return () => this.#load(hash);
    this.#refuseExpired(known.expiresMs);
    return known.caller;
  }

  /**
   * To be called with the user's lock held, which must go on being held until the rows are
   * committed. `position` is the log's. The account is as it was read under that lock: all logins
   * come this way, and nobody begins a session while they are locked out.
   */
  async prepare(
    account: Account,
    wish: SessionWish,
  ): Promise<(position: () => number) => NewSession> {
    if (account.lockedMs !== null) throw userLocked();
    const { userId } = account;
    const deviceId = wish.deviceId ?? newDeviceId();
    const { database, now } = this.#stored;
    await refuseKeyAsDevice(database, userId, deviceId);
    const known = await devicesOf(database, userId);
    const isNew = !known.some((device) => device.deviceId === deviceId);
    if (isNew) refuseTooMany(known);
    const earlier = isNew ? [] : await tokensOf(database, userId);
    const displayName = wish.initialDisplayName ?? null;
    const nowMs = now();
    const lifeMs = this.#accessTokenLifeMs;
    const refreshable = wish.refreshable ? { lifeMs } : undefined;
    return (position) => {
      const tokens = { userId, deviceId, refreshable, replacesId: null, nowMs };
      const tokenId = position();
      const pair = newTokenPair(tokenId, tokens);
      const rows = [
        ...(isNew ? [deviceRow({ userId, deviceId, displayName, createdMs: nowMs })] : []),
        ...goneRows(earlier.filter((token) => token.deviceId === deviceId)),
        wish.upstream
          ? upstreamSessionRow({ userId, deviceId }, wish.upstream)
          : upstreamSessionGoneRow(userId, deviceId),
        pair.row,
      ];
      const answer = { user_id: userId, device_id: deviceId, ...pair.answer };
      return { rows, records: [loginsChanged(userId, tokenId)], answer };
    };
  }

  /** New tokens for a refresh token; the old ones hold until the new ones are first used. */
  async refresh(refreshToken: string, once: Once): Promise<JsonObject> {
    const hash = hashBytes(refreshToken);
    const seen = await tokenByRefreshHash(this.#stored.database, hash);
    if (!seen) throw unknownToken('Unknown refresh token');
    const { userId, deviceId } = seen;
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await accountOf(this.#stored.database, userId);
      if (account?.lockedMs != null) throw userLocked();
      const all = await tokensOf(this.#stored.database, userId);
      const old = all.find((token) => token.tokenId === seen.tokenId);
      if (!old) throw unknownToken('Unknown refresh token');
      // The pairs of answers that were lost, and what the old pair itself had replaced.
      const gone = all.filter(
        (token) => token.replacesId === old.tokenId || token.tokenId === old.replacesId,
      );
      const nowMs = this.#stored.now();
      const refreshable = { lifeMs: this.#accessTokenLifeMs };
      return this.#stored.log.commit((position) => {
        const wish = { userId, deviceId, refreshable, replacesId: old.tokenId, nowMs };
        const tokenId = position();
        const pair = newTokenPair(tokenId, wish);
        const rows = [...goneRows(gone), pair.row];
        const records = [loginsChanged(userId, tokenId)];
        const outcome = once.outcome(200, pair.answer, { secret: true });
        return { change: { rows, records, outcome, touches: [] }, value: pair.answer };
      });
    });
  }

  async #load(hash: string): Promise<OnDevice | undefined> {
    const { generation } = this.#cache;
    const token = await tokenByAccessHash(this.#stored.lookUps, Buffer.from(hash, 'base64'));
    if (!token) return undefined;
    this.#refuseExpired(token.accessExpiresMs);
    if (token.replacesId !== null) await this.#endReplaced(token);
    const caller = personWith(token);
    const known = { caller, expiresMs: token.accessExpiresMs };
    this.#cache.add(hash, known, generation);
    return caller;
  }

  /** The client shows that it has the new pair, so the one before it ends. */
  async #endReplaced(token: AccessToken) {
    await this.#stored.locks.run(lockOf(token.userId), async () => {
      const now = await tokensOf(this.#stored.database, token.userId);
      const current = now.find((each) => each.tokenId === token.tokenId);
      if (!current || current.replacesId === null) return;
      const rows = [
        accessTokenGoneRow(current.replacesId),
        accessTokenRow({ ...current, replacesId: null }),
      ];
      await this.#stored.log.commit((position) => ({
        change: { rows, records: [loginsChanged(token.userId, position())], touches: [] },
        value: undefined,
      }));
    });
  }

  #refuseExpired(expiresMs: number | null) {
    if (expiresMs !== null && expiresMs <= this.#stored.now())
      throw unknownToken('The access token has expired', { softLogout: true });
  }
}

/** Almost all are users in good standing, of whom nothing more is said. */
function personWith(token: NonNullable<Awaited<ReturnType<typeof tokenByAccessHash>>>): OnDevice {
  const { userId, deviceId, guest, admin, suspended, locked } = token;
  const rate = ownRateIn(token);
  const person = {
    ...{ userId, deviceId },
    ...(suspended && { standing: 'suspended' as const }),
    ...(locked && { standing: 'locked' as const }),
    ...(rate && { rate }),
  };
  if (guest) return { kind: 'guest', ...person };
  return { kind: 'user', ...person, ...(admin && { isAdmin: true as const }) };
}

/** Goes with every change that takes a token away: memory follows the log. */
export const loginsChanged = (userId: UserId, position: number): PlacedRecord => ({
  position,
  record: { kind: 'logins', userId },
});

const goneRows = (tokens: readonly AccessToken[]) =>
  tokens.map((token) => accessTokenGoneRow(token.tokenId));
