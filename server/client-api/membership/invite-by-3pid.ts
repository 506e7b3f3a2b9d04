import type { IdentityServers, ThirdPartyAddress } from '../../federation/identity-servers.ts';
import type { Once } from '../../log/outcomes.ts';
import { parseUserId, type RoomId, type UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import { levelFor, powerLevelOf } from '../../protocol/power-levels.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { powerState } from '../../rooms/read/power-state.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { answering } from '../events/sent-by.ts';

export interface InvitingPorts {
  readonly rooms: Pick<Rooms, 'open' | 'changeMembership' | 'send'>;
  readonly identityServers: Pick<IdentityServers, 'userOf' | 'storeInvite'>;
}

/**
 * Whoever has the address is invited; where nobody is known to have it, whoever proves to the identity server that it is
 * theirs (client-server API, "Third-party invites").
 */
export async function inviteBy3pid(
  { rooms, identityServers }: InvitingPorts,
  {
    roomId,
    sender,
    who,
    once,
  }: { roomId: RoomId; sender: UserId; who: ThirdPartyAddress; once: Once },
): Promise<void> {
  const room = await rooms.open(roomId);
  // Before anybody else is told of the room, and sends a mail.
  if (room?.membershipOf(sender) !== 'join') throw forbidden(`You are not a member of ${roomId}`);
  await refusePowerless(room, sender);
  const known = await identityServers.userOf(who);
  const user = known === undefined ? undefined : parseUserId(known);
  if (user?.ok) {
    const invite = { sender, target: user.value, action: 'invite' } as const;
    await rooms.changeMembership(roomId, invite, answering(once, {}));
    return;
  }
  const { token, content } = await identityServers.storeInvite(who, await tellOf(room, sender));
  const draft = { sender, type: 'm.room.third_party_invite', stateKey: token, content };
  await rooms.send(roomId, draft, answering(once, {}));
}

async function refusePowerless(room: Room, sender: UserId): Promise<void> {
  const rules = rulesOf(room.version);
  const state = await powerState(room);
  if (rules && powerLevelOf(sender, state, rules) < levelFor('invite', state, rules))
    throw forbidden(`You may not invite into ${room.roomId}`);
}

async function tellOf(room: Room, sender: UserId): Promise<JsonObject> {
  const content = async (type: string, key = '') => (await room.stateEvent(type, key))?.content;
  const own = await content('m.room.member', sender);
  const told = {
    ...{ room_id: room.roomId, sender },
    room_name: (await content('m.room.name'))?.name,
    room_alias: (await content('m.room.canonical_alias'))?.alias,
    room_avatar_url: (await content('m.room.avatar'))?.url,
    room_join_rules: (await content('m.room.join_rules'))?.join_rule,
    room_type: (await content('m.room.create'))?.type,
    ...{ sender_display_name: own?.displayname, sender_avatar_url: own?.avatar_url },
  };
  const texts = Object.entries(told).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(texts) as JsonObject;
}
