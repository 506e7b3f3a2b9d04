import {
  type EventId,
  type ServerName,
  serverNameOf,
  serverNameOfRoomId,
} from '../../protocol/identifiers.ts';
import { notFound } from '../../protocol/matrix-error.ts';
import { followInto } from '../membership/follow-predecessor.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { CameMeanwhile, enterRoom } from './enter-room.ts';
import { inviterServer, isIn, ownOutside } from './known-outside.ts';
import type { Elsewhere } from './other-servers.ts';
import { serversTold } from './partial-join.ts';
import { receivedState } from './received-state.ts';
import { type Passing, type PassingThrough, signedFor } from './through-server.ts';
import { NotUsable, tryServers } from './try-servers.ts';

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
  return building.passages.run({ roomId, userId: join.change.target }, async () => {
    const room = await building.rooms.get(roomId);
    if (isIn(building, room)) return undefined;
    const own = await ownOutside(building, room, join.change.target);
    const servers = [
      ...new Set([...serversToAsk(building, room, join), ...inviterServer(own)]),
    ].filter((each) => each !== building.ports.identity.serverName);
    if (servers.length === 0 && room) return undefined;
    if (servers.length === 0) throw notFound('No server is known that is in this room');
    const entered = await tryServers(servers, (server) =>
      throughOne(building, elsewhere, {
        ...{ server, passage: 'join', ...join },
        isNew: room === undefined,
      }),
    );
    if (entered?.status === 'rejected') throw entered.reason;
    return entered?.value;
  });
}

type Entered = PromiseSettledResult<EventId> | undefined;
type JoiningThrough = PassingThrough & { readonly isNew: boolean };

/** Undefined where somebody else came in meanwhile, and the room with them. */
async function throughOne(
  building: Building,
  elsewhere: Elsewhere,
  join: JoiningThrough,
): Promise<Entered> {
  try {
    return await enteredThrough(building, elsewhere, join);
  } catch (error) {
    if (!(error instanceof CameMeanwhile)) throw error;
    // There they have joined by now, and there may be no other server.
    return enteredThrough(building, elsewhere, { ...join, isNew: false });
  }
}

async function enteredThrough(
  building: Building,
  elsewhere: Elsewhere,
  { isNew, ...wish }: JoiningThrough,
): Promise<Entered> {
  const { servers, lane } = elsewhere;
  const { server, passage, roomId, origin } = wish;
  const { passages, ports, rooms } = building;
  const mayBePartial = isNew && building.partialRooms.hasPlaceFor(server);
  const large = mayBePartial && isLarge(elsewhere, wish);
  const { event, rules } = await signedFor(building, servers, wish);
  return passages.inRoom(roomId, server, async () => {
    const room = await rooms.get(roomId);
    if (isIn(building, room)) return undefined;
    return passages.large(wish.change.target, async (enterLarge) => {
      const { eventId, pdu } = event;
      const omitMembers = room === undefined && (await large);
      const handedIn = { passage, roomId, eventId, pdu, enterLarge, omitMembers };
      const answer = await servers.submit(server, handedIn);
      const through = { own: ports.identity.serverName, through: server };
      const told = omitMembers ? serversTold(answer, through) : undefined;
      const partial = told && { server, servers: told };
      const asked = { event, rules, roomId, server, isPartial: partial !== undefined };
      const received = await receivedState(ports, answer, asked);
      const create = received.state.find(({ type }) => type === 'm.room.create')?.content;
      await followInto(building, { roomId, create }, wish.change);
      const entered = await settled(
        enterRoom(building, { roomId, lane, partial }, received, origin),
      );
      if (partial) building.partialRooms.askFor(roomId, server);
      return entered;
    });
  });
}

/** Asked beside the template: nobody waits twice; of a room of which something is here its members come with the join. Whoever does not say is taken to have a small one. */
async function isLarge(
  { servers, fasterFrom }: Elsewhere,
  { server, roomId }: PassingThrough,
): Promise<boolean> {
  if (fasterFrom === undefined || fasterFrom === 0) return fasterFrom === 0;
  return ((await servers.joinedCount(server, roomId)) ?? 0) >= fasterFrom;
}

/** What fails as a room is entered would fail with another server's answer as well, unless it is this one that is of no use. */
async function settled(entered: Promise<EventId>): Promise<PromiseSettledResult<EventId>> {
  const [outcome] = await Promise.allSettled([entered]);
  if (outcome.status === 'rejected' && outcome.reason instanceof NotUsable) throw outcome.reason;
  return outcome;
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
  const named = serverNameOfRoomId(roomId);
  if (named !== undefined) servers.add(named);
  servers.delete(ports.identity.serverName);
  return [...servers];
}
