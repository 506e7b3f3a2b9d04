import { z } from 'zod';
import type { Notary } from '../../federation/keys/notary.ts';
import { endpoint } from '../../http/endpoint.ts';
import { serverName, wholeNumber } from '../../http/fields.ts';

export const perspectivesKeyQuery = endpoint({
  operation: 'perspectivesKeyQuery',
  routes: ['GET /_matrix/key/v2/query/{serverName}'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ serverName }),
  query: z.object({ minimum_valid_until_ts: wholeNumber.optional() }),
  handle: ({ path, query }, { notary }: { notary: Pick<Notary, 'of'> }) =>
    notary.of(new Map([[path.serverName, wishOf(query)]])),
});

const wishOf = ({
  minimum_valid_until_ts: validUntilTs,
}: {
  minimum_valid_until_ts?: number | undefined;
}) => (validUntilTs === undefined ? {} : { validUntilTs });
