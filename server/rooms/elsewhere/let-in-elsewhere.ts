import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import { restrictedEntry } from '../membership/restricted-join.ts';
import type { RoomReceiver } from '../receive/room-receiver.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { isIn } from './known-outside.ts';
import { noteOutcome } from './note-outcome.ts';
import type { OtherServers } from './other-servers.ts';
import { ownEvent } from './received-state.ts';
import { type Passing, type PassingThrough, signedFor } from './through-server.ts';
import { NotUsable, tryServers } from './try-servers.ts';

/**
 * Joins a restricted room in which somebody of ours is, but nobody who could let others in (Restricted rooms): by way of a
 * server of which somebody could. What that tells of the room is known here: only the join is taken in, signed by both, as any
 * event of others. Undefined where somebody of ours lets them in, or nobody does.
 */
export async function letInElsewhere(
  building: Building,
  receiver: RoomReceiver,
  join: Passing,
): Promise<EventId | undefined> {
  const { elsewhere } = building.ports;
  const { roomId, change } = join;
  if (!elsewhere || !isIn(building, await building.rooms.get(roomId))) return undefined;
  const servers = await lettingIn(building, join);
  if (servers.length === 0) return undefined;
  return building.passages.run({ roomId, userId: change.target }, async () => {
    const eventId = await tryServers(servers, (server) =>
      throughOne(building, elsewhere.servers, receiver, { server, passage: 'join', ...join }),
    );
    await noteOutcome(building, eventId, join.origin);
    return eventId;
  });
}

/** Those that the client names come first: it was told by somebody who knew. */
async function lettingIn(
  building: Building,
  { roomId, change }: Passing,
): Promise<readonly ServerName[]> {
  const entry = await changeRoom(building.rooms, roomId, (room) =>
    restrictedEntry(building, room, change.target),
  );
  if (entry.kind !== 'nobody to invite') return [];
  const servers = new Set([...(change.via ?? []), ...entry.elsewhere]);
  servers.delete(building.ports.identity.serverName);
  return [...servers];
}

async function throughOne(
  building: Building,
  servers: OtherServers,
  receiver: RoomReceiver,
  wish: PassingThrough,
): Promise<EventId> {
  const { server, passage, roomId, change } = wish;
  const { event, rules } = await signedFor(building, servers, wish);
  const { eventId, pdu } = event;
  const answer = await building.passages.large(change.target, (enterLarge) =>
    servers.submit(server, { passage, roomId, eventId, pdu, enterLarge }),
  );
  const signed = ownEvent(answer.event, event, rules);
  const [received] = await receiver.receive(roomId, [signed.pdu], { origin: server });
  if (received?.kind === 'accepted') return eventId;
  const why = received && 'reason' in received ? received.reason : 'the room is not whole here yet';
  throw new NotUsable(`the join that it signs is not taken: ${why}`);
}
