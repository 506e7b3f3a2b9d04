import { expect, test } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { RoomServers } from './room-servers.ts';

const roomId = '!r:example.org' as RoomId;

/** A room whose servers are those of now, and how often the database was asked. */
function room() {
  let [servers, looks]: [string[], number] = [[], 0];
  const database = {
    async query() {
      looks += 1;
      return servers.map((serverName) => ({ serverName, changedAt: null, json: null }));
    },
  } as unknown as Database;
  const subject = new RoomServers('example.org' as ServerName, database);
  return {
    subject,
    at: (position: number) => subject.at({ roomId, roomNid: 1, position }),
    /** Somebody of another server comes in. */
    comes(server: string, position: number) {
      servers = [...servers, server];
      subject.moved(roomId, `@a:${server}` as UserId, position);
    },
    looks: () => looks,
  };
}

test('behind a change the servers are looked up once, and not for each event', async () => {
  const { at, comes, looks } = room();
  expect(await at(5)).toEqual([]);
  comes('one.org', 10);
  for (const position of [11, 12, 13]) expect(await at(position)).toEqual(['one.org']);
  comes('two.org', 20);
  for (const position of [21, 22]) expect(await at(position)).toEqual(['one.org', 'two.org']);
  expect(looks()).toBe(3);
});

test('that nobody else is in a room is certain only behind a look, until somebody moves', async () => {
  const { subject, at, comes } = room();
  expect(subject.isOwn(roomId)).toBe(false);
  await at(5);
  expect(subject.isOwn(roomId)).toBe(true);
  comes('one.org', 10);
  expect(subject.isOwn(roomId)).toBe(false);
});
