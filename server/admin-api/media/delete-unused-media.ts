import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { type Removal, toldRemoved } from '../../media/removal.ts';
import { type MediaPorts, refuseOtherServer } from './told-media.ts';

interface Ports extends Pick<MediaPorts, 'accounts'> {
  readonly mediaRemoval: Pick<Removal, 'removeUnused'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** In seconds it would be of 1970, and all would go that is older than that: nothing. */
const SECONDS_MAX = 30_000_000_000;

export const beforeMs = wholeNumber.refine(
  (ms) => ms >= SECONDS_MAX,
  'must be a time in milliseconds',
);

/** What nobody has asked for since, and is larger than so many bytes. */
export const deleteUnusedMedia = endpoint({
  operation: 'adminDeleteUnusedMedia',
  routes: [
    'POST /_synapse/admin/v1/media/delete',
    'POST /_synapse/admin/v1/media/{serverName}/delete',
  ],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ serverName: z.string().optional() }),
  query: z.object({
    before_ts: beforeMs,
    size_gt: wholeNumber.default(0),
    keep_profiles: trueOrFalse.default(true),
  }),
  async handle({ caller, path, query, once }, ports: Ports) {
    const { mediaRemoval, audit } = ports;
    if (path.serverName !== undefined) refuseOtherServer(ports, path.serverName);
    const { before_ts: beforeMs, size_gt: largerThanBytes, keep_profiles: keepsPictures } = query;
    const order = { by: caller.userId, action: 'adminDeleteUnusedMedia', target: 'media' };
    await audit.note({ ...order, detail: query });
    const wish = { beforeMs, largerThanBytes, keepsPictures };
    const removed = await mediaRemoval.removeUnused(wish, (removed) =>
      once.outcome(200, toldRemoved(removed)),
    );
    return toldRemoved(removed);
  },
});
