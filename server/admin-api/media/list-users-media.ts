import { endpoint } from '../../http/endpoint.ts';
import type { MediaList } from '../../media/media-list.ts';
import { nextToken } from '../page-fields.ts';
import { type LocalPorts, localAccount, ofUser } from '../users/local-user.ts';
import { toldListed } from './told-media.ts';
import { pageIn, usersMediaQuery } from './users-media.ts';

type Ports = LocalPorts & { readonly mediaList: Pick<MediaList, 'page' | 'countOf'> };

export const listUsersMedia = endpoint({
  operation: 'adminListUsersMedia',
  routes: ['GET /_synapse/admin/v1/users/{userId}/media'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  query: usersMediaQuery,
  async handle({ path: { userId }, query }, ports: Ports) {
    await localAccount(ports, userId);
    const media = await ports.mediaList.page(pageIn(query, userId));
    const total = await ports.mediaList.countOf(userId);
    return {
      ...{ media: media.map(toldListed), total },
      ...nextToken({ from: query.from, seen: media.length, total }, Number),
    };
  },
});
