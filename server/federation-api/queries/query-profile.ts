import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Profiles } from '../../accounts/profiles.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly profiles: Pick<Profiles, 'of'>;
}

export const queryProfile = endpoint({
  operation: 'queryProfile',
  routes: ['GET /_matrix/federation/v1/query/profile'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ user_id: userId, field: name.optional() }),

  async handle({ query }, { accounts, profiles }: Ports) {
    refuseOthers(query.user_id, accounts);
    const profile = await profiles.of(query.user_id);
    if (!profile) throw notFound('There is no such user here');
    const { field } = query;
    if (field === undefined) return profile;
    return Object.hasOwn(profile, field) ? { [field]: profile[field] } : {};
  },
});
