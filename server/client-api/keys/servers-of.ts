import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** Users of this server apart from the servers of the others, as the `failures` of an answer. */
export function servedHere<T>(
  byUser: Iterable<readonly [UserId, T]>,
  ours: ServerName,
): { local: Map<UserId, T>; failures: JsonObject } {
  const all = [...byUser];
  const isOurs = ([userId]: readonly [UserId, T]) => serverNameOf(userId) === ours;
  const others = all.filter((each) => !isOurs(each)).map(([userId]) => serverNameOf(userId));
  const unreachable = { errcode: 'M_UNKNOWN', error: 'This server does not federate' };
  const failures = Object.fromEntries(others.map((name) => [name, unreachable]));
  return { local: new Map(all.filter(isOurs)), failures };
}
