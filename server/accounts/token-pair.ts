import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { accessTokenRow } from '../storage/accounts/access-tokens.ts';
import type { Row } from '../storage/write.ts';
import { hashBytes, newSecret } from './token-secret.ts';

export interface TokenPair {
  readonly row: Row;
  /** The fields of the answer that carry it. */
  readonly answer: JsonObject & { readonly access_token: string };
}

export interface TokenWish {
  readonly userId: UserId;
  readonly deviceId: string;
  /** With a refresh token the access token ends after this time; without one it does not end. */
  readonly refreshable: { readonly lifeMs: number } | undefined;
  readonly replacesId: number | null;
  readonly nowMs: number;
}

/** Tokens by chance, and the row that knows only their hashes. */
export function newTokenPair(tokenId: number, wish: TokenWish): TokenPair {
  const access = newSecret('access');
  const refresh = wish.refreshable && newSecret('refresh');
  const row = accessTokenRow({
    tokenId,
    userId: wish.userId,
    deviceId: wish.deviceId,
    accessHash: hashBytes(access),
    accessExpiresMs: wish.refreshable ? wish.nowMs + wish.refreshable.lifeMs : null,
    refreshHash: refresh === undefined ? null : hashBytes(refresh),
    replacesId: wish.replacesId,
  });
  if (!wish.refreshable || refresh === undefined) return { row, answer: { access_token: access } };
  const { lifeMs } = wish.refreshable;
  return { row, answer: { access_token: access, refresh_token: refresh, expires_in_ms: lifeMs } };
}
