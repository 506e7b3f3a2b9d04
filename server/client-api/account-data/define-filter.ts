import { z } from 'zod';
import type { Filters } from '../../accounts/filters.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, userId } from '../../http/fields.ts';
import { badJson } from '../../http/matrix-error.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseFilter } from '../../sync/v3/filter/filter.ts';
import { InvalidFilter } from '../../sync/v3/filter/invalid-filter.ts';
import { refuseOthersData } from './own-data.ts';

export const defineFilter = endpoint({
  operation: 'defineFilter',
  routes: [
    'POST /_matrix/client/v3/user/{userId}/filter',
    'POST /_matrix/client/r0/user/{userId}/filter',
  ],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId }),
  body: { json: jsonObject, bytesMax: 65_536 },

  /** It is kept as it was sent: what this release does not know a later one may. */
  async handle({ caller, path, body }, { filters }: { filters: Pick<Filters, 'define'> }) {
    refuseOthersData(caller.userId, path.userId);
    refuseInvalid(body);
    return { filter_id: await filters.define(path.userId, body) };
  },
});

/** When it is uploaded, and not when it is used. */
function refuseInvalid(filter: JsonObject): void {
  try {
    parseFilter(filter);
  } catch (error) {
    throw error instanceof InvalidFilter ? badJson(error.message) : error;
  }
}
