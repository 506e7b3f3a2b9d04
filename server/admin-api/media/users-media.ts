import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { MEDIA_ORDERS, type MediaPage } from '../../media/media-list.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { limit } from '../page-fields.ts';

/** Of what somebody has uploaded: the newest first, unless an order is asked for. */
export const usersMediaQuery = z.object({
  from: wholeNumber.default(0),
  limit,
  order_by: z.enum(MEDIA_ORDERS).optional(),
  dir: z.enum(['f', 'b']).optional(),
});

export function pageIn(query: z.output<typeof usersMediaQuery>, userId: UserId): MediaPage {
  const { from, limit, order_by: order = 'created_ts', dir } = query;
  const isDescending = query.order_by === undefined && dir === undefined ? true : dir === 'b';
  return { userId, order, isDescending, from, limit };
}
