import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { endpoint } from '../../http/endpoint.ts';

export const checkUsernameAvailability = endpoint({
  operation: 'checkUsernameAvailability',
  routes: [
    'GET /_matrix/client/v3/register/available',
    'GET /_matrix/client/r0/register/available',
  ],
  auth: 'nobody',
  rateLimit: 'registration',
  idempotency: 'natural',
  query: z.object({ username: z.string().max(1_024) }),
  async handle({ query }, { accounts }: { accounts: Pick<Accounts, 'availableUserId'> }) {
    await accounts.availableUserId(query.username);
    return { available: true };
  },
});
