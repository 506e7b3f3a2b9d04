import type { RoomId, ServerName, UserId } from '../../../server/protocol/identifiers.ts';
import { DEFAULT_ROOM_VERSION } from '../../../server/protocol/room-versions.ts';
import { RoomEngine } from '../../../server/rooms/engine.ts';
import { roomMemoryBytes } from '../../../server/rooms/memory/memory-bytes.ts';
import { connectPool } from '../../../server/storage/database.ts';
import { roomStore } from '../../../server/storage/rooms/room-store.ts';
import { signingKey } from '../../support/rooms.ts';
import { startWriter } from '../../support/writer.ts';

export const [url, rooms, hot, users, rounds, postgresPid] = process.argv
  .slice(2)
  .map((text, index) => (index === 0 ? text : Number(text))) as [
  string,
  ...(readonly [number, number, number, number, number]),
];

export const userOf = (index: number): UserId => `@user${index % users}:example.org` as UserId;

/** As the server wires it. */
export async function startEngine() {
  const writer = await startWriter(url);
  const database = connectPool(url, { connectionsMax: 10, onError: console.error });
  const engine = new RoomEngine({
    log: writer,
    store: roomStore(database),
    identity: { serverName: 'example.org' as ServerName, key: signingKey },
    profileOf: async () => ({ displayname: 'A user with a name' }),
    now: Date.now,
    defaultRoomVersion: DEFAULT_ROOM_VERSION,
    memoryBytesMax: roomMemoryBytes(),
  });
  return {
    engine,
    database,
    async close() {
      await writer.close();
      await database.end();
    },
  };
}

/** Work on many things, some at a time. */
export async function eachOf<T>(
  things: readonly T[],
  atOnce: number,
  work: (thing: T, index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < things.length; index = next++)
      await work(things[index]!, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Each with somebody who is in it. */
export const allRooms = (database: ReturnType<typeof connectPool>) =>
  database.query<{ roomId: RoomId; userId: UserId }>(
    'all_rooms',
    `SELECT room_id AS "roomId", user_id AS "userId" FROM membership JOIN room USING (room_nid)
     WHERE membership = 'join' ORDER BY room_nid`,
  );
