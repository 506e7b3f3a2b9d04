import { unpaddedBase64 } from '../../protocol/base64.ts';
import type { Event } from '../../protocol/event.ts';
import {
  type EventId,
  serverNameOf,
  serverNameOfRoomId,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { signatureOf, signedTextOfEvent, signText } from '../../protocol/signatures.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { withHashedContent } from '../receive/content-hash.ts';
import { idAnyhow, parsePdu } from '../receive/format.ts';
import type { Received } from '../receive/room-receiver.ts';
import { complaintsAboutSignatures } from '../receive/signatures.ts';
import type { Building } from '../write/building.ts';
import { type OwnOutside, ownOutside } from './known-outside.ts';
import { keepOutside } from './outside-membership.ts';

/**
 * What is pushed of a room in which nobody of this server is: heard is only that an invite of one of our users was taken back, or
 * a knock refused; and an invite that was signed here while somebody of ours was in the room, and waited for its members. The room's state is not here to judge by, so it has to rest on that very invite or knock, of which
 * strangers to the room do not know, and to be by a server that was told to be one of the room's.
 */
export async function endedOutside(
  building: Building,
  room: HotRoom,
  pdus: readonly JsonObject[],
): Promise<readonly Received[]> {
  const results: Received[] = [];
  for (const pdu of pdus) results.push(await ended(building, room, pdu));
  return results;
}

async function ended(building: Building, room: HotRoom, pdu: JsonObject): Promise<Received> {
  const parsed = parsePdu(pdu, room);
  if (!parsed.ok) return refused(idAnyhow(pdu, room), parsed.reason);
  const event = parsed.value;
  if (isInviteSignedHere(building, room, event)) return invited(building, room, event);
  const own = isEnd(event) ? await ownOutside(building, room, event.stateKey) : undefined;
  if (own?.membership !== 'invite' && own?.membership !== 'knock')
    return refused(event.eventId, 'Nobody of this server is in the room');
  if (!event.authEvents.includes(own.eventId) || !(await isOfRoom(building, room, event, own)))
    return refused(event.eventId, 'it does not end what is known here');
  const { rules } = room;
  const [complaint] = await complaintsAboutSignatures([event], rules, building.ports);
  if (complaint !== undefined) return refused(event.eventId, complaint);
  const replaces = own.eventId;
  await keepOutside(building, { rules, event: withHashedContent(event, rules), replaces });
  return { kind: 'accepted', event };
}

/** Harmless when it is known. */
async function invited(building: Building, { rules }: HotRoom, event: Event): Promise<Received> {
  const [complaint] = await complaintsAboutSignatures([event], rules, building.ports);
  if (complaint !== undefined) return refused(event.eventId, complaint);
  await keepOutside(building, { rules, event: withHashedContent(event, rules) });
  return { kind: 'accepted', event };
}

/** Its server was told that the user is invited (`Invitations`). */
function isInviteSignedHere(
  { ports }: Building,
  { rules }: HotRoom,
  { type, stateKey, content, pdu }: Event,
): boolean {
  const { serverName, key } = ports.identity;
  if (type !== 'm.room.member' || content.membership !== 'invite') return false;
  if (serverNameOf((stateKey ?? '') as UserId) !== serverName) return false;
  const signature = signatureOf(pdu, serverName, key.keyId);
  const text = signature && signedTextOfEvent(pdu, rules);
  return text !== undefined && signText(text, key) === unpaddedBase64(signature!);
}

const isEnd = (event: Event): event is Event & { readonly stateKey: UserId } =>
  event.type === 'm.room.member' &&
  event.stateKey?.startsWith('@') === true &&
  (event.content.membership === 'leave' || event.content.membership === 'ban');

/** Who invited, whose the room is by its id, and of whom our user was told that they made it what it is. */
async function isOfRoom(
  { ports }: Building,
  { nid, roomId }: HotRoom,
  { sender, stateKey }: Event,
  own: OwnOutside,
): Promise<boolean> {
  const told = (await ports.store.toldOutside(nid, stateKey as UserId)) ?? '[]';
  const senders = (JSON.parse(told) as { readonly sender: UserId }[]).map((each) => each.sender);
  const servers = [own.event.sender, ...senders].map(serverNameOf);
  return [...servers, serverNameOfRoomId(roomId)].includes(serverNameOf(sender));
}

const refused = (eventId: EventId | undefined, reason: string): Received => ({
  ...{ kind: 'refused', eventId, reason },
});
