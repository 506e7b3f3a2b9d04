import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { type ListedRoom, ROOM_ORDERS, type RoomList } from '../../rooms/read/room-list.ts';
import { pageFields } from '../page-fields.ts';

export const listRooms = endpoint({
  operation: 'adminListRooms',
  routes: ['GET /_synapse/admin/v1/rooms'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    ...pageFields,
    order_by: z.enum(ROOM_ORDERS).default('name'),
    search_term: z.string().max(255).default(''),
  }),
  async handle({ query }, { roomList }: { roomList: Pick<RoomList, 'page'> }) {
    const { from, limit, order_by: order, search_term: text } = query;
    const isReversed = query.dir === 'b';
    const { rooms, total } = await roomList.page({ text, order, isReversed, from, limit });
    const next = from + rooms.length;
    return {
      rooms: rooms.map(told),
      ...{ offset: from, total_rooms: total },
      ...(next < total && rooms.length > 0 && { next_batch: next }),
      ...(from > 0 && { prev_batch: Math.max(0, from - limit) }),
    };
  },
});

const told = (room: ListedRoom) => ({
  ...{ room_id: room.roomId, name: room.name, canonical_alias: room.canonicalAlias },
  ...{ joined_members: room.joinedMembers, joined_local_members: room.joinedMembers },
  ...{ version: room.version, public: room.published, state_events: room.stateEvents },
});
