import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import {
  type ThumbnailPorts,
  thumbnail,
  thumbnailQuery,
} from '../../client-api/media/thumbnailed.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import { inTwoParts } from './in-two-parts.ts';

interface Ports extends ThumbnailPorts {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

export const getContentThumbnail = endpoint({
  operation: 'getContentThumbnail',
  routes: ['GET /_matrix/federation/v1/media/thumbnail/{mediaId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ mediaId: name }),
  query: thumbnailQuery,

  async handle({ caller, path, query, signal }, { accounts, ...ports }: Ports) {
    const wish = { path: { ...path, serverName: accounts.serverName }, query, signal };
    return inTwoParts(await thumbnail(wish, ports, { who: subscriberIn(caller) }));
  },
});
