import type { RegistrationToken } from '../../accounts/registration-tokens.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** A registration is one commit with the use of its token, so none is ever pending. */
export const toldToken = (token: RegistrationToken): JsonObject => ({
  token: token.token,
  uses_allowed: token.usesAllowed,
  pending: 0,
  completed: token.usesCompleted,
  expiry_time: token.expiresMs,
});
