import {
  type EventId,
  parseServerName,
  type ServerName,
  serverNameOf,
} from '../../protocol/identifiers.ts';
import { notFound } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { enterRoom } from './enter-room.ts';
import { inviterServer, isIn, ownOutside } from './known-outside.ts';
import { receivedState } from './received-state.ts';
import { type Passing, throughServer } from './through-server.ts';
import { tryServers } from './try-servers.ts';

/**
 * Joins a room in which nobody of this server is, through one that is in it. Undefined where somebody is by now, or where no
 * other server is known to be: then the room as it is here has the say.
 */
export async function joinElsewhere(
  building: Building,
  join: Passing,
): Promise<EventId | undefined> {
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
    const received = await tryServers(servers, async (server) => {
      const wish = { server, passage: 'join', ...join } as const;
      const { answer, event, rules } = await throughServer(building, elsewhere.servers, wish);
      return receivedState(building.ports, answer, { event, rules, roomId });
    });
    return enterRoom(building, { roomId, lane: elsewhere.lane }, received, join.origin);
  });
}

/** Those that the client names, then those of whom this server knows; the one after which the room is named last. */
export function serversToAsk(
  { keys, ports }: Building,
  room: HotRoom | undefined,
  { roomId, change }: Pick<Passing, 'roomId' | 'change'>,
): ServerName[] {
  const servers = new Set<ServerName>(change.via);
  for (const keyNid of room?.members.keys('join') ?? [])
    servers.add(serverNameOf(keys.byNid(keyNid).stateKey as never));
  const named = parseServerName(roomId.slice(roomId.indexOf(':') + 1));
  if (roomId.includes(':') && named.ok) servers.add(named.value);
  servers.delete(ports.identity.serverName);
  return [...servers];
}
