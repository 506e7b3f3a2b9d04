import { z } from 'zod';
import { ACCOUNT_ORDERS, type AccountList } from '../../accounts/account-list.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse } from '../../http/fields.ts';
import { nextToken, pageFields } from '../page-fields.ts';
import { toldAccount } from './told-account.ts';

export const listAccounts = endpoint({
  operation: 'adminListAccounts',
  routes: ['GET /_synapse/admin/v2/users', 'GET /_synapse/admin/v3/users'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    ...pageFields,
    name: z.string().max(255).optional(),
    user_id: z.string().max(255).optional(),
    guests: trueOrFalse.default(true),
    deactivated: trueOrFalse.default(false),
    admins: trueOrFalse.optional(),
    order_by: z.enum(ACCOUNT_ORDERS).default('name'),
  }),
  async handle({ query }, { accountList }: { accountList: Pick<AccountList, 'page'> }) {
    const { from, limit, guests, deactivated } = query;
    const { accounts, total } = await accountList.page({
      text: query.name ?? query.user_id ?? '',
      admins: query.admins ?? null,
      ...{ from, limit, guests, deactivated },
      order: query.order_by,
      isDescending: query.dir === 'b',
    });
    return {
      users: accounts.map(toldAccount),
      total,
      ...nextToken({ from, seen: accounts.length, total }, String),
    };
  },
});
