import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import type { Person } from '../../protocol/caller.ts';

export interface DeviceListPorts {
  readonly deviceLists: {
    /** Between two tokens of /sync: whose keys to ask for again, and whose no longer. */
    between(
      caller: Person,
      from: string,
      to: string,
    ): Promise<{ changed: readonly string[]; left: readonly string[] }>;
  };
}

export const getKeysChanges = endpoint({
  operation: 'getKeysChanges',
  routes: ['GET /_matrix/client/v3/keys/changes'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ from: z.string(), to: z.string() }),
  handle: ({ caller, query }, { deviceLists }: DeviceListPorts) =>
    deviceLists.between(caller, query.from, query.to),
});
