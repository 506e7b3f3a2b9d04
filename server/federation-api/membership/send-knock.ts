import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { Submissions } from '../../rooms/serve/submissions.ts';
import { eventBody } from './event-body.ts';

export const sendKnock = endpoint({
  operation: 'sendKnock',
  routes: ['PUT /_matrix/federation/v1/send_knock/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  body: eventBody,

  async handle(
    { caller, path, body },
    { submissions }: { submissions: Pick<Submissions, 'take' | 'identifying'> },
  ) {
    const { origin: server } = caller;
    const submission = { server, passage: 'knock', eventId: path.eventId, pdu: body } as const;
    await submissions.take(path.roomId, submission);
    const pdus = await submissions.identifying(path.roomId);
    return jsonText(`{"knock_room_state":[${pdus.join()}]}`);
  },
});
