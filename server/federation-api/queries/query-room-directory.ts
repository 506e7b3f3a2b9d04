import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly rooms: Pick<Rooms, 'resolveAlias'>;
}

export const queryRoomDirectory = endpoint({
  operation: 'queryRoomDirectory',
  routes: ['GET /_matrix/federation/v1/query/directory'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ room_alias: roomAlias }),

  async handle({ query }, { accounts, rooms }: Ports) {
    refuseOthers(query.room_alias, accounts);
    const found = await rooms.resolveAlias(query.room_alias);
    if (!found) throw notFound(`There is no ${query.room_alias}`);
    return { room_id: found.roomId, servers: found.servers };
  },
});
