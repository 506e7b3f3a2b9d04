import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { Submissions } from '../../rooms/serve/submissions.ts';
import { eventBody } from './event-body.ts';

export const sendLeaveV2 = endpoint({
  operation: 'sendLeaveV2',
  routes: ['PUT /_matrix/federation/v2/send_leave/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  body: eventBody,

  async handle(
    { caller, path, body },
    { submissions }: { submissions: Pick<Submissions, 'take'> },
  ) {
    const { origin: server } = caller;
    const submission = { server, passage: 'leave', eventId: path.eventId, pdu: body } as const;
    await submissions.take(path.roomId, submission);
    return {};
  },
});
