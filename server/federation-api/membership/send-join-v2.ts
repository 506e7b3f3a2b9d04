import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId, trueOrFalse } from '../../http/fields.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import type { Submissions } from '../../rooms/serve/submissions.ts';
import { charge, listsText, type SharedRoomPorts } from '../rooms/shared-room.ts';
import { eventBody } from './event-body.ts';

interface Ports extends SharedRoomPorts {
  readonly submissions: Pick<Submissions, 'take'>;
}

export const sendJoinV2 = endpoint({
  operation: 'sendJoinV2',
  routes: ['PUT /_matrix/federation/v2/send_join/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  query: z.object({ omit_members: trueOrFalse.default(false) }),
  body: eventBody,

  async handle({ caller, path, query, body, signal }, ports: Ports) {
    const { origin: server } = caller;
    await ports.largeReads.enter(subscriberIn(caller), signal);
    const submission = { server, passage: 'join', eventId: path.eventId, pdu: body } as const;
    await ports.submissions.take(path.roomId, submission);
    const room = await ports.rooms.openForServer(path.roomId, server);
    const withoutMembers = query.omit_members;
    const entry = await room.entry(path.eventId, { withoutMembers });
    charge(ports, caller, 2 * entry.count);
    const origin = JSON.stringify(ports.accounts.serverName);
    const servers = JSON.stringify(entry.servers);
    return listsText(
      { state: entry.state(), auth_chain: entry.authChain() },
      `"event":${entry.event},"origin":${origin},"members_omitted":${withoutMembers},"servers_in_room":${servers},`,
    );
  },
});
