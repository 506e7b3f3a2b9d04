import { endpoint } from '../../http/endpoint.ts';
import type { StoreUses } from '../../media/store-uses.ts';

/** In which store how many files lie, and in which all are to be. Synapse has no such call. */
export const getMediaStores = endpoint({
  operation: 'adminGetMediaStores',
  routes: ['GET /_farol/admin/v1/media/stores'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: (_, { mediaStores }: { mediaStores: Pick<StoreUses, 'told'> }) => mediaStores.told(),
});
