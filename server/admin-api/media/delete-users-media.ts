import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { MediaList } from '../../media/media-list.ts';
import { type Removal, toldRemoved } from '../../media/removal.ts';
import { type LocalPorts, localAccount, ofUser } from '../users/local-user.ts';
import { pageIn, usersMediaQuery } from './users-media.ts';

type Ports = LocalPorts & {
  readonly mediaList: Pick<MediaList, 'page'>;
  readonly mediaRemoval: Pick<Removal, 'remove'>;
  readonly audit: Pick<Audit, 'note'>;
};

/** The page that the same query lists. */
export const deleteUsersMedia = endpoint({
  operation: 'adminDeleteUsersMedia',
  routes: ['DELETE /_synapse/admin/v1/users/{userId}/media'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  query: usersMediaQuery,
  async handle({ caller, path: { userId }, query, once }, ports: Ports) {
    await localAccount(ports, userId);
    const order = { by: caller.userId, action: 'adminDeleteUsersMedia', target: userId };
    await ports.audit.note({ ...order, detail: query });
    const page = await ports.mediaList.page(pageIn(query, userId));
    const removed = await ports.mediaRemoval.remove(
      page.map(({ mediaId }) => mediaId),
      (removed) => once.outcome(200, toldRemoved(removed)),
    );
    return toldRemoved(removed);
  },
});
