import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { forbidden, notFound } from '../../protocol/matrix-error.ts';
import { checkServerAcl } from '../../protocol/server-acl.ts';
import type { Passage } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { hasOwnMember } from '../memory/members-of-server.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { contentAt } from '../read/visibility.ts';
import type { Building } from '../write/building.ts';

/** By the room's own list (`m.room.server_acl`). */
export async function refuseByAcl(
  room: HotRoom,
  reads: RoomReads,
  server: ServerName,
): Promise<void> {
  const acl = await contentAt(room, reads, room.state, ['m.room.server_acl', '']);
  const verdict = checkServerAcl(server, acl);
  if (!verdict.allowed) throw forbidden(`${server}: ${verdict.reason}`);
}

/** Nobody is let into, or out of, a room through a server of which nobody is in it: what it knows may be old. */
export function refuseAbsent(room: HotRoom, keys: StateKeys, own: ServerName): void {
  if (!hasOwnMember(room, keys, own)) throw notFound('Nobody of this server is in the room');
}

/** Who is in it, and who may come in, is not known while its members are not here. */
export function refusePartial({ isPartial }: HotRoom): void {
  if (isPartial) throw notFound('The members of the room are not known here yet');
}

/** Where an administrator lets nobody in nobody comes in through this server; whoever is in the room may go. */
export async function refuseBlocked(
  { blocked }: Pick<Building, 'blocked'>,
  roomId: RoomId,
  passage: Passage,
): Promise<void> {
  if (passage !== 'leave' && (await blocked.by(roomId)) !== undefined)
    throw forbidden('This room has been blocked on this server');
}
