import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, jsonObject, roomId } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { parseEventId } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { Presence } from '../../sync/ephemeral/presence.ts';
import type { ReadMarkers } from '../../sync/receipts/read-markers.ts';
import type { Receipts } from '../../sync/receipts/receipts.ts';
import { MAIN_TIMELINE } from '../../sync/unread/thread-of.ts';

export interface ReceiptPorts {
  readonly receipts: Pick<Receipts, 'put'>;
  readonly readMarkers: Pick<ReadMarkers, 'set'>;
  readonly presence: Pick<Presence, 'acted'>;
}

export const postReceipt = endpoint({
  operation: 'postReceipt',
  routes: ['POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, receiptType: z.string(), eventId }),
  body: { json: jsonObject, mayBeEmpty: true },

  async handle({ caller, path, body }, { receipts, readMarkers, presence }: ReceiptPorts) {
    const { userId } = caller;
    const { roomId: room, eventId: event, receiptType: type } = path;
    const threadId = threadIdIn(body.thread_id);
    presence.acted(userId);
    if (type === 'm.fully_read') {
      if (threadId !== '') throw invalidParam('A fully read marker has no thread_id');
      await readMarkers.set(userId, room, { fullyRead: event });
    } else if (type === 'm.read' || type === 'm.read.private')
      await receipts.put({ userId, roomId: room, type, eventId: event, threadId });
    else throw invalidParam(`There is no receipt type ${type}`);
    return {};
  },
});

function threadIdIn(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string' || !(value === MAIN_TIMELINE || parseEventId(value).ok))
    throw invalidParam('thread_id must be main or the id of an event');
  return value;
}
