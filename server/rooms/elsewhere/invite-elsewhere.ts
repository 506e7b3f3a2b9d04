import type { Event } from '../../protocol/event.ts';
import {
  type EventId,
  type RoomId,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseEvent } from '../../protocol/parse-event.ts';
import type { PolicyServer } from '../../protocol/policy-servers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Draft, Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { policyServerFor } from '../policy/policy-servers.ts';
import { STRIPPED_TYPES } from '../read/room-view.ts';
import { pduIn, pduText } from '../read/stored-event.ts';
import { complaintsAboutSignatures } from '../receive/signatures.ts';
import { takeOwn } from '../receive/take-own.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { newEvent } from '../write/new-event.ts';
import type { OtherServers } from './other-servers.ts';
import { isSaidAlike } from './received-state.ts';
import { NotUsable, tryServers } from './try-servers.ts';

interface Invite {
  readonly roomId: RoomId;
  readonly draft: Draft & { readonly stateKey: UserId };
  readonly origin: Origin<EventId>;
}

/**
 * Invites a user of another server. Theirs signs the invite before it counts, and while it is asked the room goes on: so the
 * invite stands where the room was when it was made, and is taken in as any event that does.
 */
export async function inviteElsewhere(
  building: Building,
  servers: OtherServers,
  { roomId, draft, origin }: Invite,
): Promise<EventId> {
  const made = await seenByPolicy(
    building,
    await changeRoom(building.rooms, roomId, (room) => inviteIn(building, room, draft)),
  );
  const server = serverNameOf(draft.stateKey);
  const event = await tryServers([server], async () =>
    countersigned(building, made, await servers.invite(server, inviteOf(made))),
  );
  return takeOwn(building, event, origin);
}

interface Made {
  readonly event: Event;
  readonly rules: RoomVersionRules;
  /** By which the invited user is told which room it is: as they were signed. */
  readonly state: readonly JsonObject[];
  readonly policy: PolicyServer | undefined;
}

/** Before anybody else is. */
async function seenByPolicy(building: Building, made: Made): Promise<Made> {
  const { event, rules, policy } = made;
  if (!policy) return made;
  const unseen = { event, rules, policy };
  return { ...made, event: await building.policyServers.signed(building, unseen, { by: 'own' }) };
}

const inviteOf = ({ event, rules, state }: Made) => ({
  ...{ roomId: event.roomId, eventId: event.eventId, version: rules.version },
  ...{ pdu: event.pdu, state },
});

/** What it is built upon may be on its way: nobody is told before that is committed. */
async function inviteIn(building: Building, room: HotRoom, draft: Draft): Promise<Made> {
  const { ports, keys } = building;
  const state = await gather(room, draft, { store: ports.store, keys });
  const event = newEvent(room, draft, { state, signer: ports.identity, now: ports.now() });
  await room.settled;
  if (room.isDropped) throw new RoomChangedMeanwhile();
  return {
    ...{ event, rules: room.rules, policy: await policyServerFor(building, room, draft) },
    state: await toldOf(building, room, draft.sender),
  };
}

async function toldOf(
  { ports, keys }: Building,
  room: HotRoom,
  inviter: UserId,
): Promise<JsonObject[]> {
  const names = [...STRIPPED_TYPES.map((type) => [type, ''] as const), ['m.room.member', inviter]];
  const nids = names.flatMap(([type, stateKey]) => {
    const key = keys.find(type!, stateKey!);
    return (key && room.state.get(key.keyNid)) ?? [];
  });
  const stored = await ports.store.eventsByNid(nids);
  return stored.map((each) => pduIn(pduText(each, room.rules), room.rules));
}

/** Their signature comes to ours; what else they change makes another event of it. */
async function countersigned(
  { ports }: Building,
  { event, rules }: Made,
  answered: JsonObject,
): Promise<Event> {
  const signed = parseEvent(answered, rules);
  if (!signed.ok) throw new NotUsable(`it answers no event: ${signed.reason}`);
  if (!isSaidAlike(signed.value, event)) throw new NotUsable('it answers another event');
  const [complaint] = await complaintsAboutSignatures([signed.value], rules, ports);
  if (complaint !== undefined)
    throw new NotUsable(`it answers an event that is not ours: ${complaint}`);
  return signed.value;
}
