import type { RoomVersionRules } from './room-versions.ts';
import type { VerifyKey } from './signing-keys.ts';

/** A server's key, as its server or a notary published it. */
export interface KnownKey {
  readonly key: VerifyKey;
  /** Of the response that had it under `verify_keys`. */
  readonly validUntilTs: number;
  /** If it stood under `old_verify_keys`: when the server stopped to use it. */
  readonly expiredTs?: number;
}

/**
 * May this key vouch for an event of that time? An expired key never may, for events after its end.
 * Beyond that, room versions from 5 on ask that `valid_until_ts`, or 7 days from now if that is
 * less, is at least the event's time; in the older ones `valid_until_ts` "MUST be ignored".
 */
export const keyIsValidFor = (
  known: KnownKey,
  originServerTs: number,
  rules: RoomVersionRules,
  now: number,
): boolean => {
  if (known.expiredTs !== undefined) return originServerTs <= known.expiredTs;
  if (!rules.keyValidityPeriod) return true;
  return originServerTs <= Math.min(known.validUntilTs, now + WEEK_MS);
};

/** So that a stolen key does not hold for as long as its thief has claimed. */
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
