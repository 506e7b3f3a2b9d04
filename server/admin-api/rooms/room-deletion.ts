import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { userId } from '../../http/fields.ts';
import type { OutcomeRow } from '../../log/outcomes.ts';
import type { RoomDeletion } from '../../orders/delete-room.ts';
import type { LongOrder, LongOrders } from '../../orders/long-orders.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type LocalPorts, openAccount } from '../users/local-user.ts';

export type DeletionPorts = LocalPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'aliasesOf' | 'create'>;
  readonly longOrders: Pick<LongOrders, 'alone' | 'begin' | 'prepared' | 'of'>;
  readonly audit: Pick<Audit, 'note'>;
};

const text = z.string().max(10_000);

export const deletion = z.object({
  new_room_user_id: userId.optional(),
  room_name: text.default('Content Violation Notification'),
  message: text.default(
    'Sharing illegal content on this server is not permitted and rooms in violation will be blocked.',
  ),
  block: z.boolean().default(false),
  purge: z.boolean().default(true),
  /** Nobody is in a room that was taken away, so there is nothing to force. */
  force_purge: z.boolean().default(false),
});

export interface Deletion {
  readonly roomId: RoomId;
  readonly by: UserId;
  readonly action: string;
  readonly asked: z.infer<typeof deletion>;
}

/** The order, and who is in the room when it is given. */
export interface Ordered {
  readonly orderId: string;
  readonly told: JsonObject;
}

/** The outcome is committed with the order; and the order with the new room, where there is to be one. */
export const beginDeletion = (
  ports: DeletionPorts,
  deletion: Deletion,
  outcome: (ordered: Ordered) => OutcomeRow | undefined,
): Promise<Ordered> =>
  ports.longOrders.alone('delete-room', deletion.roomId, () => begin(ports, deletion, outcome));

async function begin(
  ports: DeletionPorts,
  { roomId, by, action, asked }: Deletion,
  outcome: (ordered: Ordered) => OutcomeRow | undefined,
): Promise<Ordered> {
  const told = await tellOf(ports, roomId);
  const { block, purge, new_room_user_id: userId } = asked;
  const message = userId === undefined ? null : asked.message;
  const order = { kind: 'delete-room', target: roomId, by } as const;
  const wish = (newRoom: RoomDeletion['newRoom']) =>
    ({ block, purge, newRoom, message }) satisfies RoomDeletion;
  if (userId !== undefined) {
    await openAccount(ports, userId);
    await ports.audit.note({ by, action, target: roomId, detail: { ...asked } });
    return withNewRoom(ports, { userId, name: asked.room_name }, (newRoomId) => {
      const tellsOfRoom = { ...told, new_room_id: newRoomId };
      const newRoom = { roomId: newRoomId, userId };
      const prepared = ports.longOrders.prepared({
        ...{ ...order, asked: wish(newRoom), told: tellsOfRoom },
      });
      return {
        ...prepared,
        outcome: outcome({ orderId: prepared.orderId, told: tellsOfRoom }),
        told: tellsOfRoom,
      };
    });
  }
  const orderId = await ports.longOrders.begin(
    { ...order, action, asked: wish(null), told },
    (id) => outcome({ orderId: id, told }),
  );
  return { orderId, told };
}

export const isDeletion = ({ kind }: LongOrder): boolean => kind === 'delete-room';

async function tellOf(
  { rooms }: DeletionPorts,
  roomId: RoomId,
): Promise<JsonObject & { new_room_id: null }> {
  const room = await rooms.open(roomId);
  const members = room ? [...room.members('join'), ...room.members('invite')] : [];
  return {
    kicked_users: members,
    failed_to_kick_users: [],
    local_aliases: room ? await rooms.aliasesOf(roomId) : [],
    new_room_id: null,
  };
}

type Prepared = ReturnType<LongOrders['prepared']> & {
  readonly outcome: OutcomeRow | undefined;
  readonly told: JsonObject;
};

/** Where members are told why their room is gone. Nobody but its maker speaks there. */
async function withNewRoom(
  { rooms }: DeletionPorts,
  { userId, name }: { userId: UserId; name: string },
  prepare: (newRoomId: RoomId) => Prepared,
): Promise<Ordered> {
  let prepared: Prepared | undefined;
  await rooms.create(
    userId,
    { preset: 'public_chat', name, power_level_content_override: { users_default: -10 } },
    {
      rows: (newRoomId) => {
        prepared = prepare(newRoomId);
        return [prepared.row];
      },
      outcome: () => prepared?.outcome,
    },
  );
  prepared!.begin();
  return prepared!;
}
