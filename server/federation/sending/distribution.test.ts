import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { PlacedRecord } from '../../log/change.ts';
import type { LogRecord } from '../../log/records.ts';
import type { Event } from '../../protocol/event.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { DeviceChanges } from './device-changes.ts';
import { Distribution } from './distribution.ts';
import { LatelySaid } from './lately-said.ts';
import type { RoomServers } from './room-servers.ts';

const own = 'example.org' as ServerName;
const roomId = '!r:example.org' as RoomId;
const [busy, other] = ['@busy:example.org', '@other:example.org'] as [UserId, UserId];

/** Events of ours go to one other server; what the database says of the rooms of `busy` comes by `rooms`. */
function world(
  rooms: () => Promise<readonly object[]>,
  { committed = 10, hidden = [] as number[], saidAt = [12], built = [] as number[] } = {},
) {
  let reads = 0;
  const servers = { of: async () => ['one.org'] };
  const [given, posted, errors]: [number[], ServerName[], unknown[]] = [[], [], []];
  const texts: string[] = [];
  let tell: (records: readonly PlacedRecord[]) => void = () => {};
  const database = {
    async query(name: string, _sql: string, values: unknown[]) {
      if (name === 'joined_rooms_of')
        return values[0] === busy ? rooms() : [{ roomId, roomNid: 1 }];
      if (name !== 'outgoing_events') return [];
      reads += 1;
      return outgoing(saidAt, values.filter(Number.isInteger) as number[]);
    },
  } as unknown as Database;
  const log = {
    committed: { position: committed },
    onCommitted(listener: typeof tell) {
      tell = listener;
    },
    commit: async () => {},
  } as never;
  const roomServers = {
    ...{ isOwn: () => false, of: () => servers.of(), at: () => servers.of() },
  } as unknown as RoomServers;
  const justCommitted = (position: number) =>
    built.includes(position) ? { roomNid: 1, event: builtAt(position) } : undefined;
  const told = { moved: () => {}, onError: (error: unknown) => void errors.push(error) };
  const ports = { own, log, database, roomServers, ...told };
  const deviceChanges = new DeviceChanges(
    { ...ports, admits: () => true, posted: (server) => void posted.push(server) },
    10,
  );
  const subject = new Distribution(
    {
      ...{ ...ports, deviceChanges, posted: () => {}, passing: { receipt: () => {} } },
      latelySaid: new LatelySaid({ own, justCommitted }, committed),
      noLongerTold: async (_roomId, nids) => new Set(nids.filter((nid) => hidden.includes(nid))),
      give: (_servers, { position, text }) => {
        given.push(position);
        texts.push(text);
      },
    },
    10,
  );
  const happens = (position: number, record: LogRecord) => tell([{ position, record }]);
  return { subject, given, texts, posted, errors, happens, servers, reads: () => reads };
}

/** The events at these positions that are asked for. */
function outgoing(saidAt: readonly number[], [after, upTo]: number[]): readonly object[] {
  const event = { roomId, roomNid: 1, type: 'm.room.message', stateKey: null, sender: other };
  const pdu = {
    eventId: '$12',
    roomVersion: '12',
    json: '{"content":{"body":"said"},"type":"m.room.message"}',
    isRedacted: false,
  };
  const stored = { ...event, ...pdu, memberJson: null, replacedJson: null };
  const asked = saidAt.filter((position) => after! < position && position <= upTo!);
  return asked.map((position) => ({ ...stored, position }));
}

/** The event as this server made it. */
const builtAt = (position: number) =>
  ({
    ...{ roomId, eventId: `$${position}`, type: 'm.room.message', sender: other },
    ...{ pdu: {}, canonical: `{"built":${position}}` },
  }) as Event;

const changed = (userId: UserId) => ({ kind: 'device-list', userId }) as LogRecord;
const said = { kind: 'event', roomId, eventId: '$12' } as LogRecord;

test('no event waits for it that all who share a room with a user are told of their devices, but the cursor does', async () => {
  const rooms = Promise.withResolvers<object[]>();
  const { subject, given, posted, happens } = world(() => rooms.promise);
  await expect.poll(() => subject.settled).toBe(10);
  happens(11, changed(busy));
  happens(12, said);
  await expect.poll(() => given).toEqual([12]);
  expect([subject.position, subject.settled]).toEqual([12, 10]);
  rooms.resolve([{ roomId, roomNid: 1 }]);
  await expect.poll(() => subject.settled).toBe(12);
  expect(posted).toEqual(['one.org']);
  await subject.close();
});

test('of whom it fails that others are told of their devices, nobody else waits for', async () => {
  let isAway = true;
  const { subject, posted, errors, happens } = world(async () => {
    if (isAway) throw new Error('The database is away');
    return [{ roomId, roomNid: 1 }];
  });
  happens(11, changed(busy));
  happens(12, changed(other));
  await expect.poll(() => posted).toHaveLength(1);
  await expect.poll(() => errors).toHaveLength(1);
  expect(subject.settled).toBeLessThan(12);
  isAway = false;
  await expect.poll(() => subject.settled, { timeout: 10_000 }).toBe(12);
  expect(posted).toHaveLength(2);
  await subject.close();
});

test('of what a writer before had not given to others, only that it was is told where no more is told of it', async () => {
  const told = async (hidden: number[]) => {
    const { subject, given, texts } = world(async () => [], { committed: 12, hidden });
    await expect.poll(() => given).toEqual([12]);
    await subject.close();
    return texts;
  };
  expect(await told([])).toEqual(['{"content":{"body":"said"},"type":"m.room.message"}']);
  expect(await told([12])).toEqual(['{"content":{},"type":"m.room.message"}']);
});

test('what is said on and on is read together, not each by itself', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const saidAt = [11, 12, 13, 14];
  const { subject, given, happens, reads } = world(async () => [], { saidAt });
  const turns = async () => {
    for (let each = 0; each < 10; each++) await turn();
  };
  for (const position of saidAt) {
    happens(position, said);
    await turns();
  }
  expect([given, reads()]).toEqual([[11], 1]);
  await vi.advanceTimersByTimeAsync(20);
  await turns();
  expect([given, reads()]).toEqual([saidAt, 2]);
  await subject.close();
});

test('what this server has just committed is given out without a question to the database, in its order', async () => {
  const { subject, given, texts, happens, reads } = world(async () => [], { built: [11, 12, 13] });
  for (const position of [11, 12, 13]) happens(position, said);
  await expect.poll(() => given).toEqual([11, 12, 13]);
  expect(texts).toEqual(['{"built":11}', '{"built":12}', '{"built":13}']);
  expect([reads(), subject.position]).toEqual([0, 13]);
  await subject.close();
});

test('what this server has not built stands in the database, with all that is told together with it', async () => {
  const saidAt = [11, 12, 13];
  const { subject, given, happens, reads } = world(async () => [], { saidAt, built: [11, 13] });
  for (const position of saidAt) happens(position, said);
  await expect.poll(() => given).toEqual(saidAt);
  expect([reads(), subject.position]).toEqual([1, 13]);
  await subject.close();
});

test('what a writer before had committed is read, and behind it nothing more', async () => {
  const { subject, given, happens, reads } = world(async () => [], {
    ...{ committed: 12, saidAt: [12, 13], built: [13] },
  });
  await expect.poll(() => given).toEqual([12]);
  happens(13, said);
  await expect.poll(() => given).toEqual([12, 13]);
  expect(reads()).toBe(1);
  await subject.close();
});

test('of what could not be given out nothing is left out, nor given twice', async () => {
  const { subject, given, errors, happens, servers, reads } = world(async () => [], {
    built: [11, 12, 13],
  });
  const found = servers.of;
  servers.of = async () => {
    if (given.length > 0) throw new Error('The database is away');
    return found();
  };
  happens(11, said);
  happens(12, said);
  await expect.poll(() => errors).toHaveLength(1);
  expect([given, subject.position]).toEqual([[11], 11]);
  servers.of = found;
  happens(13, said);
  await expect.poll(() => given, { timeout: 10_000 }).toEqual([11, 12, 13]);
  expect(reads()).toBe(0);
  await subject.close();
});
