import { z } from 'zod';
import { type IdentityServers, isValidityUrl } from '../../federation/identity-servers.ts';
import type { ThirdPartyInvites } from '../../federation/membership/third-party-invites.ts';
import { userId } from '../../http/fields.ts';
import { type RoomId, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { forbidden, notFound } from '../../protocol/matrix-error.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export interface ClaimingPorts {
  readonly rooms: Pick<Rooms, 'open' | 'changeMembership'>;
  readonly identityServers: Pick<IdentityServers, 'isKeyValid'>;
  /** Undefined where rooms are not shared with other servers. */
  readonly thirdPartyInvites: Pick<ThirdPartyInvites, 'exchange'> | undefined;
}

const signatures = z.record(z.string(), z.record(z.string(), z.string()));

/** By which an identity server vouches that somebody was asked in. */
export const thirdPartySigned = z.object({
  ...{ sender: userId, mxid: userId, token: z.string().min(1).max(255), signatures },
});

export type ThirdPartySigned = z.infer<typeof thirdPartySigned>;

/**
 * The invite of an address becomes that of the user who has proved that it is theirs, in the name of whoever invited it: by
 * the server of whoever did, which has to tell the others in the room.
 */
export async function claimInvite(
  ports: ClaimingPorts,
  roomId: RoomId,
  target: UserId,
  { sender, ...signed }: ThirdPartySigned,
): Promise<void> {
  if (signed.mxid !== target) throw forbidden('There is no such invite for you');
  const room = await ports.rooms.open(roomId);
  if (room && needsNoInvite(room, target)) return;
  const isOurs = serverNameOf(sender) === serverNameOf(target);
  if (isOurs && room) return inviteClaimed(ports, room, { target, sender, signed });
  if (isOurs || !ports.thirdPartyInvites) throw notFound('This server does not know the room');
  await ports.thirdPartyInvites.exchange({ roomId, sender, target, signed });
}

export function needsNoInvite(room: Room, target: UserId): boolean {
  const membership = room.membershipOf(target);
  return membership === 'join' || membership === 'invite';
}

interface Claim {
  readonly target: UserId;
  readonly sender: UserId;
  readonly signed: Omit<ThirdPartySigned, 'sender'>;
}

/**
 * Into a room that is here. Its rules ask whether the claim is signed by a key of the invite; here is asked whether that key
 * still holds.
 */
export async function inviteClaimed(
  { rooms, identityServers }: Pick<ClaimingPorts, 'identityServers' | 'rooms'>,
  room: Room,
  { target, sender, signed }: Claim,
): Promise<void> {
  const invite = await room.stateEvent('m.room.third_party_invite', signed.token);
  if (signed.mxid !== target || invite?.sender !== sender)
    throw forbidden('There is no such invite for you');
  const asked = keysOf(invite.content).map(({ publicKey, validityUrl }) =>
    identityServers.isKeyValid(validityUrl, publicKey),
  );
  if ((await Promise.all(asked)).includes(false))
    throw forbidden('The identity server no longer stands by the key of the invite');
  const { display_name = '' } = invite.content;
  const content = { third_party_invite: { display_name, signed } };
  await rooms.changeMembership(room.roomId, { sender, target, action: 'invite', content }, {});
}

/** Of those that say where they are asked after. */
function keysOf({ public_keys, ...first }: JsonObject) {
  const others = Array.isArray(public_keys) ? public_keys.filter(isObject) : [];
  const byKey = new Map<string, string>();
  for (const { public_key, key_validity_url } of [first as JsonObject, ...others].slice(
    0,
    KEYS_MAX,
  ))
    if (typeof public_key === 'string' && isValidityUrl(key_validity_url))
      byKey.set(public_key, key_validity_url);
  return [...byKey].map(([publicKey, validityUrl]) => ({ publicKey, validityUrl }));
}

const KEYS_MAX = 10;
