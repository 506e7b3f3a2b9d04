import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { endpoint } from '../../http/endpoint.ts';

export const isUsernameAvailable = endpoint({
  operation: 'adminUsernameAvailable',
  routes: ['GET /_synapse/admin/v1/username_available'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ username: z.string().max(255) }),
  async handle({ query }, { accounts }: { accounts: Pick<Accounts, 'availableUserId'> }) {
    await accounts.availableUserId(query.username);
    return { available: true };
  },
});
