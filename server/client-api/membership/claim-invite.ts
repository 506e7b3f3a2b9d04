import { z } from 'zod';
import { type IdentityServers, isValidityUrl } from '../../federation/identity-servers.ts';
import type { ThirdPartyInvites } from '../../federation/membership/third-party-invites.ts';
import { userId } from '../../http/fields.ts';
import { isVouchedFor } from '../../protocol/auth-rules/third-party-invite.ts';
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
  if (signed.mxid !== target) throw noSuchInvite();
  const room = await ports.rooms.open(roomId);
  if (room && needsNoInvite(room, target)) return;
  await claimed(ports, { roomId, room }, { target, sender, signed });
}

/**
 * The same, as somebody tells who may be anybody: so nothing is answered that says who has an account here (`isActive`), or is
 * in which room.
 */
export async function claimToldInvite(
  ports: ClaimingPorts,
  roomId: RoomId,
  { userId: target, isActive }: { readonly userId: UserId; readonly isActive: boolean },
  { sender, ...signed }: ThirdPartySigned,
): Promise<void> {
  if (signed.mxid !== target) throw noSuchInvite();
  const room = await ports.rooms.open(roomId);
  if (!isActive && isOfOneServer(sender, target)) throw noSuchInvite();
  await claimed(ports, { roomId, room }, { target, sender, signed });
}

async function claimed(
  ports: ClaimingPorts,
  { roomId, room }: { readonly roomId: RoomId; readonly room: Room | undefined },
  claim: Claim,
): Promise<void> {
  const isOurs = isOfOneServer(claim.sender, claim.target);
  if (isOurs && room) return inviteClaimed(ports, room, claim);
  if (isOurs || !ports.thirdPartyInvites) throw notFound('This server does not know the room');
  await ports.thirdPartyInvites.exchange({ roomId, ...claim });
}

const isOfOneServer = (one: UserId, other: UserId): boolean =>
  serverNameOf(one) === serverNameOf(other);

const noSuchInvite = () => forbidden('There is no such invite for you');

function needsNoInvite(room: Room, target: UserId): boolean {
  const membership = room.membershipOf(target);
  return membership === 'join' || membership === 'invite';
}

interface Claim {
  readonly target: UserId;
  readonly sender: UserId;
  readonly signed: Omit<ThirdPartySigned, 'sender'>;
}

/**
 * Into a room that is here, where it is signed by a key of the invite (as the room's rules ask, too) and that key still holds. Who
 * cannot show that is not told who is in the room.
 */
export async function inviteClaimed(
  { rooms, identityServers }: Pick<ClaimingPorts, 'identityServers' | 'rooms'>,
  room: Room,
  { target, sender, signed }: Claim,
): Promise<void> {
  const invite = await room.stateEvent('m.room.third_party_invite', signed.token);
  const isTheirs = signed.mxid === target && invite?.sender === sender;
  if (!invite || !isTheirs || !isVouchedFor(signed, invite.content)) throw noSuchInvite();
  if (needsNoInvite(room, target)) return;
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
