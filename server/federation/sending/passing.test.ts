import { expect, test } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { Passing } from './passing.ts';
import { RoomServers } from './room-servers.ts';

const own = 'example.org' as ServerName;
const user = (n: number) => `@u${n}:${own}` as UserId;
const room = (n: number) => `!${n}:${own}` as RoomId;
const rooms = (count: number) => new Set(Array.from({ length: count }, (_, n) => room(n)));
const nidIn = (roomId: string) => Number(roomId.slice(1, roomId.indexOf(':')));

/** What is told to whom; `hanging` are rooms of which the database does not say who is there. */
function world({ hanging = [], servers = [] }: { hanging?: number[]; servers?: string[] } = {}) {
  const [asked, told]: [string[], string[]] = [[], []];
  const database = {
    async query(name: string, _sql: string, [first]: [string[] | number]) {
      asked.push(name);
      if (typeof first !== 'number')
        return first.map((roomId) => ({ roomId, roomNid: nidIn(roomId) }));
      if (hanging.includes(first)) return new Promise(() => {});
      return servers.map((serverName) => ({ serverName, changedAt: null, json: null }));
    },
  } as unknown as Database;
  const passing = new Passing({
    ...{ own, database, roomServers: new RoomServers(own, database) },
    log: { committed: { position: 5 } } as never,
    pass: (server, _key, text) => void told.push(`${server} ${text}`),
    onError: (error) => void told.push(String(error)),
  });
  return { passing, told, count: (name: string) => asked.filter((each) => each === name).length };
}

test('who types is told, however many of whom it is said whether they are there wait', async () => {
  const { passing, told } = world({ hanging: [7], servers: ['one.org'] });
  for (let n = 0; n < 1_000; n++) passing.presence(user(n), {}, new Set([room(7)]));
  passing.typing(room(8), user(1), true);
  await expect.poll(() => told).toHaveLength(1);
  expect(told[0]).toContain('m.typing');
});

test('of what waits for its turn the newest of each is told, and no other', async () => {
  const { passing, told } = world({ servers: ['one.org'] });
  for (let n = 0; n < 50; n++) passing.typing(room(8), user(1), n % 2 === 0);
  passing.typing(room(9), user(1), true);
  await expect.poll(() => told).toHaveLength(2);
  expect(told[0]).toContain('"typing":false');
});

test('rooms that were found to be nobody else’s are not looked at again for each that waits', async () => {
  const { passing, told, count } = world();
  for (let n = 0; n < 100; n++) passing.presence(user(n), {}, rooms(50));
  passing.presence(user(100), {}, new Set([room(99)]));
  await expect.poll(() => count('servers_in_room')).toBe(51);
  expect(count('room_nids_of')).toBe(2);
  expect(told).toEqual([]);
});
