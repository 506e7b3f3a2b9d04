import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { wholeNumber } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { renderSeen } from '../../rooms/seen-event.ts';
import type { NotificationsPage, NotificationsRequest } from '../../sync/unread/notifications.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { answerOf } from '../events/rendered.ts';

interface Ports {
  readonly notifications: (request: NotificationsRequest) => Promise<NotificationsPage>;
  readonly largeReads: LargeReads;
}

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

export const getNotifications = endpoint({
  operation: 'getNotifications',
  routes: ['GET /_matrix/client/v3/notifications', 'GET /_matrix/client/r0/notifications'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    from: z.string().optional(),
    limit: wholeNumber
      .optional()
      .transform((limit = LIMIT_DEFAULT) => Math.min(Math.max(limit, 1), LIMIT_MAX)),
    only: z.string().optional(),
  }),

  async handle({ caller, query, signal }, { notifications, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { notified, next } = await notifications({
      userId: caller.userId,
      upTo: query.from ? positionIn(query.from) : Number.MAX_SAFE_INTEGER,
      limit: query.limit,
      highlightsOnly: query.only === 'highlight',
    });
    const { userId, deviceId } = caller;
    const reader = { userId, deviceId, now: Date.now() };
    const told = notified.map(({ seen, actions, isRead }) => {
      const { roomId, originServerTs } = seen.event;
      const rest = { actions, read: isRead, room_id: roomId, ts: originServerTs };
      return `{"event":${renderSeen(seen, reader)},${JSON.stringify(rest).slice(1)}`;
    });
    return answerOf({
      notifications: `[${told.join(',')}]`,
      next_token: next === undefined ? undefined : JSON.stringify(`n${next}`),
    });
  },
});

function positionIn(token: string): number {
  const [, position] = /^n(\d{1,15})$/.exec(token) ?? [];
  if (position === undefined) throw invalidParam('from is not a token of this endpoint');
  return Number(position);
}
