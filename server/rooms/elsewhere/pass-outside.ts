import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { extremityOf } from '../memory/room-head.ts';
import type { Building } from '../write/building.ts';
import { serversToAsk } from './join-elsewhere.ts';
import { inviterServer, isIn, type OwnOutside, ownOutside } from './known-outside.ts';
import { keepOutside, type OutsideMembership } from './outside-membership.ts';
import { signedTemplate } from './signed-template.ts';
import { strippedFrom } from './stripped.ts';
import { type Passing, throughServer } from './through-server.ts';
import { tryServers } from './try-servers.ts';

/** Knocks at a room in which nobody of this server is. Undefined where somebody is, or no other server is known to be. */
export async function knockElsewhere(
  building: Building,
  knock: Passing,
): Promise<EventId | undefined> {
  const { roomId, origin } = knock;
  const { elsewhere } = building.ports;
  if (!elsewhere) return undefined;
  const room = await building.rooms.get(roomId);
  if (isIn(building, room)) return undefined;
  const servers = serversToAsk(building, room, knock);
  if (servers.length === 0 && room) return undefined;
  if (servers.length === 0) throw notFound('No server is known that is in this room');
  return building.passages.run({ roomId, userId: knock.change.target }, async () => {
    const knocked = await tryServers(servers, (server) =>
      throughServer(building, elsewhere.servers, { server, passage: 'knock', ...knock }),
    );
    const told = strippedFrom(knocked.answer.knock_room_state);
    return keepOutside(building, { ...knocked, told }, origin);
  });
}

/**
 * Turns an invite down, or takes a knock back, of a room in which nobody of this server is: through one that is, else for this
 * server alone, so that nobody is kept by a server that is gone. Undefined where there is none to turn down so: also in
 * a room that no other server is in, which is left like any of ours.
 */
export async function leaveElsewhere(
  building: Building,
  leave: Passing,
): Promise<EventId | undefined> {
  const { roomId, change, origin } = leave;
  const { elsewhere } = building.ports;
  if (!elsewhere) return undefined;
  const room = await building.rooms.get(roomId);
  if (!room || isIn(building, room)) return undefined;
  const own = await ownOutside(building, room, change.target);
  if (own?.membership !== 'invite' && own?.membership !== 'knock') return undefined;
  const servers = serversOf(building, room, own, leave);
  if (servers.length === 0 && !own.isOutlier) return undefined;
  return building.passages.run({ roomId, userId: change.target }, async () => {
    const left = await tryServers(servers, (server) =>
      throughServer(building, elsewhere.servers, { server, passage: 'leave', ...leave }),
    ).catch((error: unknown) => {
      if (!(error instanceof MatrixError)) throw error;
      return leftAlone(building, room, own, leave);
    });
    return keepOutside(building, left, origin);
  });
}

const serversOf = (
  building: Building,
  room: HotRoom,
  own: OwnOutside,
  wish: Passing,
): ServerName[] => {
  const servers = new Set([...inviterServer(own), ...serversToAsk(building, room, wish)]);
  servers.delete(building.ports.identity.serverName);
  return [...servers];
};

/** Upon what the user was told, which is all that is known. */
function leftAlone(
  building: Building,
  { rules }: HotRoom,
  { event: before }: OwnOutside,
  { roomId, change, content }: Passing,
): OutsideMembership {
  const { eventId, hash, depth } = extremityOf(before, 0, rules);
  const named: JsonValue = hash === undefined ? eventId : [eventId, { sha256: hash }];
  const template = { prev_events: [named], auth_events: [named], depth: depth + 1 };
  const wish = { rules, passage: 'leave', roomId, userId: change.target, content } as const;
  return { rules, event: signedTemplate(building, template, wish) };
}
