import { z } from 'zod';
import type { AccountList, ListedAccount } from '../../accounts/account-list.ts';
import { userId } from '../../http/fields.ts';
import { invalidParam, notFound } from '../../http/matrix-error.ts';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';

export interface LocalPorts {
  readonly accountList: Pick<AccountList, 'of'>;
  readonly accounts: { readonly serverName: ServerName };
}

export const ofUser = z.object({ userId });

export function refuseOther({ accounts }: Pick<LocalPorts, 'accounts'>, userId: UserId): void {
  if (serverNameOf(userId) !== accounts.serverName)
    throw invalidParam('The user does not belong to this server');
}

/** The account of whom an order is, also one that was closed. */
export async function localAccount(ports: LocalPorts, userId: UserId): Promise<ListedAccount> {
  refuseOther(ports, userId);
  const account = await ports.accountList.of(userId);
  if (!account) throw notFound('There is no such account');
  return account;
}

/** One that is in use. */
export async function openAccount(ports: LocalPorts, userId: UserId): Promise<ListedAccount> {
  const account = await localAccount(ports, userId);
  if (account.deactivated) throw invalidParam('The account has been deactivated');
  return account;
}
