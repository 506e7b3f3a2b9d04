import { z } from 'zod';
import type { Notary } from '../../federation/keys/notary.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, byServer } from '../../http/fields.ts';
import { tooLarge } from '../../http/matrix-error.ts';

/** Each may be another server that we ask. */
const SERVERS_MAX = 50;

const criteria = z.object({ minimum_valid_until_ts: z.int().nonnegative().optional() });

export const bulkPerspectivesKeyQuery = endpoint({
  operation: 'bulkPerspectivesKeyQuery',
  routes: ['POST /_matrix/key/v2/query'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { json: z.object({ server_keys: byServer(byName(criteria)) }) },

  handle({ body }, { notary }: { notary: Pick<Notary, 'of'> }) {
    if (body.server_keys.size > SERVERS_MAX)
      throw tooLarge(`At most ${SERVERS_MAX} servers are asked for at once`);
    const wanted = [...body.server_keys].map(([server, keys]) => [server, wishOf(keys)] as const);
    return notary.of(new Map(wanted));
  },
});

function wishOf(keys: Record<string, z.output<typeof criteria>>) {
  const times = Object.values(keys).flatMap((each) => each.minimum_valid_until_ts ?? []);
  const keyIds = Object.keys(keys);
  return times.length === 0 ? { keyIds } : { keyIds, validUntilTs: Math.max(...times) };
}
