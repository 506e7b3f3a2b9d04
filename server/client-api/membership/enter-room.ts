import { z } from 'zod';
import { jsonObject } from '../../http/fields.ts';
import { MatrixError, notFound } from '../../http/matrix-error.ts';
import type { Once } from '../../log/outcomes.ts';
import type { Person } from '../../protocol/caller.ts';
import type { RoomAlias, RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { letsGuestsIn } from '../events/guest-access.ts';
import { answering } from '../events/sent-by.ts';
import {
  type ClaimingPorts,
  claimInvite,
  type ThirdPartySigned,
  thirdPartySigned,
} from './claim-invite.ts';

export interface Ports {
  readonly rooms: Pick<Rooms, 'changeMembership' | 'open' | 'resolveAlias'>;
  readonly identityServers: ClaimingPorts['identityServers'];
}

/** What is said besides goes into the membership, as with other servers. */
const entering = jsonObject.transform(
  ({ reason, third_party_signed: signed, ...content }, context): EnteringBody => {
    const claim = signed === undefined ? undefined : thirdPartySigned.safeParse(signed);
    const isText = reason === undefined || typeof reason === 'string';
    if (isText && claim?.success !== false) return { reason, content, claim: claim?.data };
    const wrong = isText ? 'third_party_signed' : 'reason';
    context.addIssue({ code: 'custom', message: 'must be as specified', path: [wrong] });
    return z.NEVER;
  },
);

export const enteringBody = { json: entering, mayBeEmpty: true };

interface EnteringBody {
  readonly reason: string | undefined;
  readonly content: JsonObject;
  readonly claim: ThirdPartySigned | undefined;
}

interface Entering {
  readonly caller: Person;
  readonly body: EnteringBody;
  readonly once: Once;
}

/** What joining and knocking have in common. */
export async function enterRoom(
  ports: Ports,
  room_id: RoomId,
  action: 'join' | 'knock',
  { caller, body, once }: Entering,
) {
  const { rooms } = ports;
  if (caller.kind === 'guest') await refuseGuests(rooms, room_id);
  const { userId } = caller;
  const { reason, content, claim } = body;
  if (claim && action === 'join') await claimInvite(ports, room_id, userId, claim);
  const says = Object.keys(content).length > 0 && { content };
  const change = { sender: userId, target: userId, action, reason, ...says };
  await rooms.changeMembership(room_id, change, answering(once, { room_id }));
  return { room_id };
}

export async function roomIdOf(
  rooms: Pick<Rooms, 'resolveAlias'>,
  idOrAlias: RoomId | RoomAlias,
): Promise<RoomId> {
  if (!idOrAlias.startsWith('#')) return idOrAlias as RoomId;
  const found = await rooms.resolveAlias(idOrAlias as RoomAlias);
  if (!found) throw notFound(`There is no room ${idOrAlias}`);
  return found.roomId;
}

async function refuseGuests(rooms: Pick<Rooms, 'open'>, roomId: RoomId): Promise<void> {
  const access = await (await rooms.open(roomId))?.stateEvent('m.room.guest_access', '');
  if (!letsGuestsIn(access?.content))
    throw new MatrixError(403, 'M_GUEST_ACCESS_FORBIDDEN', 'This room lets no guests in');
}
