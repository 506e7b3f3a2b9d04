import {
  type EventId,
  parseServerName,
  type RoomId,
  type ServerName,
  serverNameOf,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import { type RoomVersionRules, roomVersions, rulesOf } from '../../protocol/room-versions.ts';
import type { Origin } from '../draft.ts';
import type { MembershipChange } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { enterRoom } from './enter-room.ts';
import { inviterServer, isIn, ownOutside } from './known-outside.ts';
import type { OtherServers } from './other-servers.ts';
import { receivedState } from './received-state.ts';
import { signedTemplate } from './signed-template.ts';
import { tryServers } from './try-servers.ts';

interface Join {
  readonly roomId: RoomId;
  readonly change: MembershipChange;
  /** What our event says besides. */
  readonly content: JsonObject;
  readonly origin: Origin<EventId>;
}

/**
 * Joins a room in which nobody of this server is, through one that is in it. Undefined where somebody is by now, or where no
 * other server is known to be: then the room as it is here has the say.
 */
export async function joinElsewhere(building: Building, join: Join): Promise<EventId | undefined> {
  const { elsewhere } = building.ports;
  const { roomId } = join;
  if (!elsewhere || isIn(building, await building.rooms.get(roomId))) return undefined;
  return building.passages.run(roomId, async () => {
    const room = await building.rooms.get(roomId);
    if (isIn(building, room)) return undefined;
    const own = await ownOutside(building, room, join.change.target);
    const servers = [
      ...new Set([...serversToAsk(building, room, join), ...inviterServer(own)]),
    ].filter((each) => each !== building.ports.identity.serverName);
    if (servers.length === 0 && room) return undefined;
    if (servers.length === 0) throw notFound('No server is known that is in this room');
    const received = await tryServers(servers, (server) =>
      through(building, elsewhere.servers, server, join),
    );
    return enterRoom(building, { roomId, lane: elsewhere.lane }, received, join.origin);
  });
}

async function through(
  building: Building,
  otherServers: OtherServers,
  server: ServerName,
  { roomId, change, content }: Join,
) {
  const wish = { passage: 'join', roomId, userId: change.target } as const;
  const versions = roomVersions();
  const { version, event: template } = await otherServers.template(server, { ...wish, versions });
  const rules = knownRules(version);
  const event = signedTemplate(building, template, { ...wish, rules, content });
  const { eventId, pdu } = event;
  const answer = await otherServers.submit(server, { passage: 'join', roomId, eventId, pdu });
  return receivedState(building.ports, answer, { event, rules, roomId });
}

export function knownRules(version: string): RoomVersionRules {
  const rules = rulesOf(version);
  if (rules) return rules;
  const message = `The room has the version ${version}, which this server does not know`;
  throw new MatrixError(400, 'M_UNSUPPORTED_ROOM_VERSION', message);
}

/** Those that the client names, then those of whom this server knows; the one after which the room is named last. */
export function serversToAsk(
  { keys, ports }: Building,
  room: HotRoom | undefined,
  { roomId, change }: Pick<Join, 'roomId' | 'change'>,
): ServerName[] {
  const servers = new Set<ServerName>(change.via);
  for (const keyNid of room?.members.keys('join') ?? [])
    servers.add(serverNameOf(keys.byNid(keyNid).stateKey as never));
  const named = parseServerName(roomId.slice(roomId.indexOf(':') + 1));
  if (roomId.includes(':') && named.ok) servers.add(named.value);
  servers.delete(ports.identity.serverName);
  return [...servers];
}
