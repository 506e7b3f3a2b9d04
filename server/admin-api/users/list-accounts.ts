import { z } from 'zod';
import { ACCOUNT_ORDERS, type AccountList } from '../../accounts/account-list.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { toldAccount } from './told-account.ts';

const LIMIT_MAX = 1_000;

export const listAccounts = endpoint({
  operation: 'adminListAccounts',
  routes: ['GET /_synapse/admin/v2/users', 'GET /_synapse/admin/v3/users'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    from: wholeNumber.default(0),
    limit: wholeNumber.default(100),
    name: z.string().max(255).optional(),
    user_id: z.string().max(255).optional(),
    guests: trueOrFalse.default(true),
    deactivated: trueOrFalse.default(false),
    admins: trueOrFalse.optional(),
    order_by: z.enum(ACCOUNT_ORDERS).default('name'),
    dir: z.enum(['f', 'b']).default('f'),
  }),
  async handle({ query }, { accountList }: { accountList: Pick<AccountList, 'page'> }) {
    const { from, guests, deactivated } = query;
    const limit = Math.min(query.limit, LIMIT_MAX);
    const { accounts, total } = await accountList.page({
      text: query.name ?? query.user_id ?? '',
      admins: query.admins ?? null,
      ...{ from, limit, guests, deactivated },
      order: query.order_by,
      isDescending: query.dir === 'b',
    });
    const next = from + accounts.length;
    return {
      users: accounts.map(toldAccount),
      total,
      ...(next < total && accounts.length > 0 && { next_token: String(next) }),
    };
  },
});
