import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, openRooms, type RoomsUnderTest } from '../../../test/support/rooms.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';

test.each(['1', '2', '5', '10', '12'])(
  'the newest events of rooms of version %s are read together as they are one by one',
  async (version) => {
    await using bench = await workbench(version);
    const together = await bench.read(async (rooms) => {
      const opened = await rooms.openAll(bench.roomIds, { timeline: LIMIT });
      bench.queries.splice(0);
      return bench.roomIds.map((roomId) => opened.get(roomId)!);
    });
    expect(bench.queries).toEqual([]);
    const one = await bench.read((rooms) =>
      Promise.all(bench.roomIds.map(async (roomId) => (await rooms.open(roomId))!)),
    );
    expect(together).toEqual(one);
    const [events] = together;
    expect(events!.at(-1)).toMatchObject({ position: LATE, content: { body: 'late' } });
    const said = events!.filter(({ type }) => type === 'm.room.message');
    expect(said.map(({ content }) => content.body)).toEqual([undefined, 'hello', 'hello', 'late']);
    expect(said[1]!.origin).toEqual({ deviceId: '"P\\', txnId: ',{"' });
    expect(said[2]!.origin).toEqual({ delayId: 'del"ayed' });
    const names = events!.filter(({ type }) => type === 'm.room.name');
    expect(names.map(({ content }) => content.name)).toEqual([undefined, 'second']);
    expect(names[1]!.unsigned).toContain('"prev_content":{}');
  },
);

test.each([3, 4, 5, 6])(
  'behind the newest events that were read the next ones are found, also where some entered late (%i)',
  async (limit) => {
    await using bench = await workbench('12');
    const together = await bench.read(async (rooms) => {
      const opened = await rooms.openAll(bench.roomIds, { timeline: 2 });
      return bench.roomIds.map((roomId) => opened.get(roomId)!);
    }, limit);
    const opens = (rooms: RoomsUnderTest['rooms']) =>
      Promise.all(bench.roomIds.map(async (roomId) => (await rooms.open(roomId))!));
    expect(together).toEqual(await bench.read(opens, limit));
  },
);

const LIMIT = 30;
const LATE = 1_000_000;

/** Two rooms, the first with something of each kind. */
async function workbench(version: string) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const create = () => under.rooms.create(alice, { room_version: version }, {});
  const roomIds = [await create(), await create()];
  const [roomId] = roomIds as [RoomId];
  const name = (text: string) =>
    under.setState(roomId, {
      ...{ sender: alice, type: 'm.room.name', stateKey: '' },
      content: { name: text },
    });
  const redact = async (redacts: string) => {
    const content = { redacts };
    await under.rooms.send(roomId, { sender: alice, type: 'm.room.redaction', content }, {});
  };
  await redact(await under.say(roomId, alice, 'redacted'));
  const first = await name('first');
  const hello = { sender: alice, type: 'm.room.message', content: { body: 'hello' } };
  await under.rooms.send(roomId, hello, { deviceId: '"P\\', txnId: ',{"' });
  await under.rooms.send(roomId, hello, { delayId: 'del"ayed' });
  const late = await under.say(roomId, alice, 'late');
  await redact(first);
  await name('second');
  await fresh.database.query('late', 'UPDATE event SET position = $2 WHERE event_id = $1', [
    late,
    LATE,
  ]);
  // Such as entered before all that was said, with the positions of their states' numbers.
  await fresh.database.query(
    'early',
    `UPDATE event SET position = event_nid + 1 WHERE room_nid = (SELECT room_nid FROM room WHERE room_id = $1)
       AND type IN ('m.room.power_levels', 'm.room.join_rules')`,
    [roomId],
  );
  await fresh.database.query('moved', 'UPDATE room_head SET last_position = $1', [LATE]);
  const queries: string[] = [];
  return {
    roomIds,
    queries,
    /** By an engine that remembers nothing. */
    async read(open: (rooms: RoomsUnderTest['rooms']) => Promise<Opened[]>, limit = LIMIT) {
      const counted: Database = {
        query: (given, ...more) => {
          queries.push(given);
          return fresh.database.query(given, ...more);
        },
      };
      const again = await openRooms({ ...fresh, database: { ...fresh.database, ...counted } });
      const rooms = await open(again.rooms);
      const timelines = await Promise.all(
        rooms.map((room) => room.timeline({ after: 0, upTo: room.lastPosition, limit })),
      );
      return timelines.map(({ events }) => events);
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

type Opened = NonNullable<Awaited<ReturnType<RoomsUnderTest['rooms']['open']>>>;
