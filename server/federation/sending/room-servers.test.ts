import { expect, test } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import type { ServerInRoom } from '../../storage/federation/room-servers.ts';
import { RoomServers } from './room-servers.ts';

const roomId = '!r:example.org' as RoomId;

/** A room in which servers come and go, looked at as it was behind a position, and how often the database was asked. */
function room() {
  const changes: { serverName: ServerName; position: number; isThere: boolean }[] = [];
  let looks = 0;
  const database = {
    async query(_name: string, _sql: string, [, position]: [number, number]) {
      looks += 1;
      const names = [...new Set(changes.map(({ serverName }) => serverName))];
      return names.flatMap((serverName) => rowsOf(serverName, position));
    },
  } as unknown as Database;
  const subject = new RoomServers('example.org' as ServerName, database);

  function rowsOf(serverName: ServerName, position: number): ServerInRoom[] {
    const own = changes.filter((each) => each.serverName === serverName);
    const later = own.find((each) => each.position > position);
    if (later === undefined)
      return own.at(-1)!.isThere ? [{ serverName, changedAt: null, json: null }] : [];
    const membership = later.isThere ? 'leave' : 'join';
    const json = JSON.stringify({ content: { membership } });
    return [{ serverName, changedAt: later.position, json }];
  }

  function moves(serverName: ServerName, position: number, isThere: boolean): void {
    changes.push({ serverName, position, isThere });
    subject.moved(roomId, `@a:${serverName}` as UserId, position);
  }

  return {
    subject,
    at: (position: number) => subject.at({ roomId, roomNid: 1, position }),
    /** Somebody of another server comes in. */
    comes: (server: string, position: number) => moves(server as ServerName, position, true),
    goes: (server: string, position: number) => moves(server as ServerName, position, false),
    looks: () => looks,
  };
}

test('behind a change the servers are looked up once, and not for each event', async () => {
  const { at, comes, looks } = room();
  expect(await at(5)).toEqual([]);
  comes('one.org', 10);
  for (const position of [10, 11, 12]) expect(await at(position)).toEqual(['one.org']);
  comes('two.org', 20);
  for (const position of [20, 21]) expect(await at(position)).toEqual(['one.org', 'two.org']);
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

test('behind a change, with nothing said since, those are there who are there now', async () => {
  const { at, comes, goes } = room();
  expect(await at(5)).toEqual([]);
  comes('one.org', 10);
  expect(await at(10)).toEqual(['one.org']);
  goes('one.org', 20);
  expect(await at(20)).toEqual([]);
  expect(await at(19)).toEqual(['one.org']);
});

test('who is told of what was said between two changes does not hang on what was looked at behind them', async () => {
  const { at, comes, goes } = room();
  comes('one.org', 5);
  comes('two.org', 10);
  goes('one.org', 20);
  expect(await at(20)).toEqual(['two.org']);
  for (const position of [11, 12, 13]) expect(await at(position)).toEqual(['one.org', 'two.org']);
  expect(await at(21)).toEqual(['two.org']);
});

test('the event by which somebody of ours came in first goes to nobody, and those behind it to all', async () => {
  const { subject, comes } = room();
  comes('one.org', 5);
  comes('example.org', 11);
  const of = (position: number) =>
    subject.of({
      ...{ position, roomNid: 1, roomId, type: 'm.room.member', stateKey: '@a:example.org' },
      ...{ sender: '@a:example.org' as UserId, memberJson: null, replacedJson: null },
    });
  expect(await of(10)).toEqual([]);
  expect(await of(12)).toEqual(['one.org']);
});
