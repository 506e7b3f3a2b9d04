import { z } from 'zod';
import type { Filters } from '../../accounts/filters.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { refuseOthersData } from './own-data.ts';

export const getFilter = endpoint({
  operation: 'getFilter',
  routes: [
    'GET /_matrix/client/v3/user/{userId}/filter/{filterId}',
    'GET /_matrix/client/r0/user/{userId}/filter/{filterId}',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId, filterId: name }),

  async handle({ caller, path }, { filters }: { filters: Pick<Filters, 'get'> }) {
    refuseOthersData(caller.userId, path.userId);
    const filter = await filters.get(path.userId, path.filterId);
    if (!filter) throw notFound('There is no such filter');
    return filter;
  },
});
