import { z } from 'zod';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';

/** Users of this server apart from those of others, whose servers are asked. */
export function byPlace<T>(
  byUser: Iterable<readonly [UserId, T]>,
  ours: ServerName,
): { local: Map<UserId, T>; abroad: Map<UserId, T> } {
  const all = [...byUser];
  const isOurs = ([userId]: readonly [UserId, T]) => serverNameOf(userId) === ours;
  return {
    local: new Map(all.filter(isOurs)),
    abroad: new Map(all.filter((each) => !isOurs(each))),
  };
}

const WITHIN_MS = 10_000;
const WITHIN_MS_MAX = 20_000;

/** How long other servers are waited for, in milliseconds. */
export const timeout = z
  .int()
  .nonnegative()
  .default(WITHIN_MS)
  .transform((ms) => Math.min(ms, WITHIN_MS_MAX));
