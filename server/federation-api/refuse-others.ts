import type { Accounts } from '../accounts/accounts.ts';
import { invalidParam } from '../http/matrix-error.ts';
import { type RoomAlias, serverNameOf, type UserId } from '../protocol/identifiers.ts';

/** Servers are asked for what is theirs, and nothing else. */
export function refuseOthers(
  id: UserId | RoomAlias,
  { serverName }: Pick<Accounts, 'serverName'>,
): void {
  if (serverNameOf(id) !== serverName) throw invalidParam(`${id} is not of this server`);
}
