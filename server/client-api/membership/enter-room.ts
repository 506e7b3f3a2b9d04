import { z } from 'zod';
import { jsonObject, severalTimes } from '../../http/fields.ts';
import { MatrixError, notFound } from '../../http/matrix-error.ts';
import type { Once } from '../../log/outcomes.ts';
import type { Person } from '../../protocol/caller.ts';
import {
  parseServerName,
  type RoomAlias,
  type RoomId,
  type ServerName,
} from '../../protocol/identifiers.ts';
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

export interface Ports extends Pick<ClaimingPorts, 'identityServers' | 'thirdPartyInvites'> {
  readonly rooms: ClaimingPorts['rooms'] & Pick<Rooms, 'resolveAlias'>;
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
  /** Servers through which to go where this one is not in the room. */
  readonly via: readonly ServerName[];
}

const VIA_MAX = 20;

/** `server_name` is the old name of `via`. */
export const throughServers = z
  .object({ via: severalTimes, server_name: severalTimes })
  .transform(({ via, server_name }) => {
    const names = [...new Set([...via, ...server_name])].slice(0, VIA_MAX).map(parseServerName);
    return names.flatMap((each) => (each.ok ? each.value : []));
  });

/** What joining and knocking have in common. */
export async function enterRoom(
  ports: Ports,
  room_id: RoomId,
  action: 'join' | 'knock',
  { caller, body, once, via }: Entering,
) {
  const { rooms } = ports;
  if (caller.kind === 'guest') await refuseGuests(rooms, room_id);
  const { userId } = caller;
  const { reason, content, claim } = body;
  if (claim && action === 'join') await claimInvite(ports, room_id, userId, claim);
  const says = Object.keys(content).length > 0 && { content };
  const change = { sender: userId, target: userId, action, reason, via, ...says };
  await rooms.changeMembership(room_id, change, answering(once, { room_id }));
  return { room_id };
}

export const roomIdOf = async (
  rooms: Pick<Rooms, 'resolveAlias'>,
  idOrAlias: RoomId | RoomAlias,
): Promise<RoomId> => (await roomOf(rooms, idOrAlias, [])).roomId;

/** An alias says by which servers the room is reached, too. */
export async function roomOf(
  rooms: Pick<Rooms, 'resolveAlias'>,
  idOrAlias: RoomId | RoomAlias,
  via: readonly ServerName[],
): Promise<{ roomId: RoomId; via: readonly ServerName[] }> {
  if (!idOrAlias.startsWith('#')) return { roomId: idOrAlias as RoomId, via };
  const found = await rooms.resolveAlias(idOrAlias as RoomAlias);
  if (!found) throw notFound(`There is no room ${idOrAlias}`);
  return { roomId: found.roomId, via: [...via, ...found.servers] };
}

async function refuseGuests(rooms: Pick<Rooms, 'open'>, roomId: RoomId): Promise<void> {
  const access = await (await rooms.open(roomId))?.stateEvent('m.room.guest_access', '');
  if (!letsGuestsIn(access?.content))
    throw new MatrixError(403, 'M_GUEST_ACCESS_FORBIDDEN', 'This room lets no guests in');
}
