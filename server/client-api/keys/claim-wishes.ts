import { z } from 'zod';
import type { ClaimWish } from '../../encryption/key-claims.ts';
import { byName, byUser } from '../../http/fields.ts';
import { tooLarge } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';

/** By user and device, the algorithm. */
export const claimedKeys = byUser(byName(z.string()));

/** Each is a lock that is held until the commit, and a record of the log. */
const WISHES_MAX = 5_000;

export function wishesIn(byUserId: ReadonlyMap<UserId, Record<string, string>>): ClaimWish[] {
  const wishes = [...byUserId].flatMap(([userId, devices]) =>
    Object.entries(devices).map(([deviceId, algorithm]) => ({ userId, deviceId, algorithm })),
  );
  if (wishes.length > WISHES_MAX)
    throw tooLarge(`A claim may name ${WISHES_MAX} devices; ask for the others in the next one`);
  return wishes;
}
