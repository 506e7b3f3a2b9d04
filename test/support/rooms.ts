import { setImmediate as turn } from 'node:timers/promises';
import type { Features } from '../../server/features.ts';
import type { Writer } from '../../server/log/writer.ts';
import type { EventId, RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Draft } from '../../server/rooms/draft.ts';
import type { Elsewhere } from '../../server/rooms/elsewhere/other-servers.ts';
import type { RoomEngine } from '../../server/rooms/engine.ts';
import type { EventKeys } from '../../server/rooms/ports.ts';
import type { AskServers } from '../../server/rooms/receive/ask-servers.ts';
import { buildHouse } from './house.ts';
import type { FreshDatabase } from './postgres.ts';

export const alice = '@alice:example.org' as UserId;
export const bob = '@bob:example.org' as UserId;
export const carol = '@carol:example.org' as UserId;

export { signingKey } from './house.ts';

export interface RoomsUnderTest extends AsyncDisposable {
  readonly rooms: RoomEngine;
  readonly writer: Writer;
  /** All others too; what the rooms ask of accounts is what stands in the maps below. */
  readonly whole: Features;
  /** Of work that nobody waits for. */
  readonly errors: unknown[];
  readonly profiles: Map<UserId, JsonObject>;
  /** By user, the position in the log at which they were erased. */
  readonly erased: Map<UserId, number>;
  /** Who followed from which room to which. */
  readonly followed: (readonly [UserId, RoomId, RoomId])[];
  /** Sends a text and answers its event id. */
  say(roomId: RoomId, sender: UserId, body: string): Promise<EventId>;
  setState(roomId: RoomId, draft: Draft): Promise<EventId>;
  /** What a reader finds at this key of the current state. */
  stateContent(roomId: RoomId, type: string, stateKey?: string): Promise<JsonObject | undefined>;
}

/** The room engine on the real log and store. Opening it again on one database is a restart. */
export async function openRooms(
  fresh: FreshDatabase,
  {
    memoryBytesMax = 100_000_000,
    answerBytesMax,
    stateBytesMax,
    now = ticking(),
    eventKeys,
    askServers,
    elsewhere,
  }: {
    memoryBytesMax?: number;
    answerBytesMax?: number;
    stateBytesMax?: number;
    now?: () => number;
    eventKeys?: EventKeys;
    askServers?: AskServers;
    elsewhere?: Elsewhere;
  } = {},
): Promise<RoomsUnderTest> {
  const profiles = new Map<UserId, JsonObject>();
  const followed: (readonly [UserId, RoomId, RoomId])[] = [];
  const erased = new Map<UserId, number>();
  const errors: unknown[] = [];
  const { writer, features } = await buildHouse(fresh, {
    onError: (error) => void errors.push(error),
    underRooms: {
      erased: { of: async () => erased, first: async () => Math.min(...erased.values()) },
      profileOf: async (userId) => profiles.get(userId) ?? {},
      followRoom: async (userId, { from, to }) => void followed.push([userId, from, to]),
      now,
      memoryBytesMax,
      answerBytesMax,
      stateBytesMax,
      ...{ eventKeys, askServers, elsewhere },
    },
  });
  const { rooms } = features.rooms.ports;
  return {
    rooms,
    whole: features,
    errors,
    writer,
    profiles,
    erased,
    followed,
    say: (roomId, sender, body) =>
      rooms.send(
        roomId,
        { sender, type: 'm.room.message', content: { msgtype: 'm.text', body } },
        {},
      ),
    setState: (roomId, draft) => rooms.send(roomId, draft, {}),
    async stateContent(roomId, type, stateKey = '') {
      const room = await rooms.open(roomId);
      return (await room?.stateEvent(type, stateKey))?.content;
    },
    async [Symbol.asyncDispose]() {
      features.close();
      await turn();
      await writer.close();
    },
  };
}

function ticking() {
  let now = 1_700_000_000_000;
  return () => now++;
}

/** Invites and joins, so that several are in the room. */
export async function bringIn({ rooms }: RoomsUnderTest, roomId: RoomId, ...users: UserId[]) {
  for (const target of users) {
    await rooms.changeMembership(roomId, { sender: alice, target, action: 'invite' }, {});
    await rooms.changeMembership(roomId, { sender: target, target, action: 'join' }, {});
  }
}

/** The bodies of the newest messages, oldest first. */
export async function bodiesIn(
  { rooms }: Pick<RoomsUnderTest, 'rooms'>,
  roomId: RoomId,
  limit = 100,
) {
  const room = await rooms.open(roomId);
  const { events } = await room!.timeline({ after: 0, upTo: Number.MAX_SAFE_INTEGER, limit });
  return events.filter((each) => each.type === 'm.room.message').map((each) => each.content.body);
}
