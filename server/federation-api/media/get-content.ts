import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { download } from '../../client-api/media/downloaded.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, wholeNumber } from '../../http/fields.ts';
import { inTwoParts } from './in-two-parts.ts';

interface Ports extends DownloadPorts {
  readonly accounts: Pick<Accounts, 'serverName'>;
}
type DownloadPorts = Parameters<typeof download>[1];

export const getContent = endpoint({
  operation: 'getContent',
  routes: ['GET /_matrix/federation/v1/media/download/{mediaId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ mediaId: name }),
  query: z.object({ timeout_ms: wholeNumber.default(20_000) }),

  async handle({ path, query, signal }, { accounts, ...ports }: Ports) {
    const { serverName } = accounts;
    return inTwoParts(await download({ path: { ...path, serverName }, query, signal }, ports));
  },
});
