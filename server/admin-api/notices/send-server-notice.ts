import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, userId } from '../../http/fields.ts';
import type { Once } from '../../log/outcomes.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { ServerNotices } from '../../server-notices/server-notices.ts';
import { type LocalPorts, openAccount } from '../users/local-user.ts';

type Ports = LocalPorts & {
  readonly serverNotices: Pick<ServerNotices, 'send'>;
  readonly audit: Pick<Audit, 'note'>;
};

const notice = z.object({
  user_id: userId,
  content: jsonObject,
  type: z.string().min(1).default('m.room.message'),
  state_key: z.string().optional(),
});

interface Asked {
  readonly by: UserId;
  readonly action: string;
  readonly body: z.infer<typeof notice>;
  readonly once: Once;
}

async function send({ serverNotices, audit, ...ports }: Ports, { by, action, body, once }: Asked) {
  const { user_id: to, type, state_key: stateKey, content } = body;
  await openAccount(ports, to);
  await audit.note({ by, action, target: to, detail: { type } });
  const event_id = await serverNotices.send(
    { to, type, stateKey, content },
    { outcome: (eventId) => once.outcome(200, { event_id: eventId }) },
  );
  return { event_id };
}

export const sendServerNotice = endpoint({
  operation: 'adminSendServerNotice',
  routes: ['POST /_synapse/admin/v1/send_server_notice'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: notice },
  handle: ({ caller, body, once }, ports: Ports) =>
    send(ports, { by: caller.userId, action: 'adminSendServerNotice', body, once }),
});

/** The same with a name, by which a program that was not answered may ask again. */
export const putServerNotice = endpoint({
  operation: 'adminPutServerNotice',
  routes: ['PUT /_synapse/admin/v1/send_server_notice/{txnId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ txnId: z.string() }),
  body: { json: notice },
  handle: ({ caller, body, once }, ports: Ports) =>
    send(ports, { by: caller.userId, action: 'adminPutServerNotice', body, once }),
});
