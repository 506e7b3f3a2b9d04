import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { wholeNumber } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { type MediaList, UPLOADER_ORDERS } from '../../media/media-list.ts';
import { nextToken, pageFields } from '../page-fields.ts';

/** How much each user has uploaded. */
export const getMediaStatistics = endpoint({
  operation: 'adminGetMediaStatistics',
  routes: ['GET /_synapse/admin/v1/statistics/users/media'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    ...pageFields,
    order_by: z.enum(UPLOADER_ORDERS).default('user_id'),
    from_ts: wholeNumber.default(0),
    until_ts: wholeNumber.optional(),
    search_term: z.string().min(1).max(255).optional(),
  }),
  async handle({ query }, { mediaList }: { mediaList: Pick<MediaList, 'uploaders'> }) {
    const { from, limit, dir, order_by: order, from_ts: fromMs, until_ts: untilMs = null } = query;
    if (untilMs !== null && untilMs <= fromMs)
      throw invalidParam('until_ts must be behind from_ts');
    const { users, total } = await mediaList.uploaders({
      ...{ fromMs, untilMs, text: query.search_term ?? '' },
      ...{ order, isDescending: dir === 'b', from, limit },
    });
    return {
      users: users.map(({ userId, displayName, count, bytes }) => ({
        ...{ user_id: userId, displayname: displayName },
        ...{ media_count: count, media_length: bytes },
      })),
      total,
      ...nextToken({ from, seen: users.length, total }, Number),
    };
  },
});
