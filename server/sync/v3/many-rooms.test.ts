import { expect, test, vi } from 'vitest';
import { alice, bob, bringIn } from '../../../test/support/rooms.ts';
import { freshSync, openSync } from '../../../test/support/sync.ts';
import type { JsonObject } from '../../protocol/json.ts';

const ROOMS = 120;

test.each<[string, JsonObject]>([
  ['all of it', {}],
  ['members as they are needed', { room: { state: { lazy_load_members: true } } }],
  ['messages only', { room: { timeline: { types: ['m.room.message'] } } }],
])(
  'an initial sync that asks for %s reads many rooms in few queries',
  async (_what, filter) => {
    await using house = await freshSync();
    const rooms = Array.from({ length: ROOMS }, async () => {
      const roomId = await house.rooms.create(alice, {}, {});
      await bringIn(house, roomId, bob);
      await house.say(roomId, alice, 'hello');
      await house.say(roomId, bob, 'hello');
    });
    await Promise.all(rooms);
    await using cold = await openSync(house.fresh);
    const query = vi.spyOn(house.fresh.database, 'query');
    const answer = await cold.sync(bob, { filter });
    expect(Object.keys(answer.rooms.join)).toHaveLength(ROOMS);
    expect(query.mock.calls.length).toBeLessThan(ROOMS / 2);
    query.mockClear();
    const again = await cold.sync(bob, { filter });
    expect(Object.keys(again.rooms.join)).toHaveLength(ROOMS);
    expect(query.mock.calls.length).toBeLessThan(5);
  },
  60_000,
);

test.each<[limit: number, expected: number[]]>([
  [10, [30]],
  [99, [21, 9]],
])(
  'with a limit of %s for timelines, rooms are read together up to some thousand events',
  async (limit, expected) => {
    await using house = await freshSync();
    for (let n = 0; n < 30; n++) await house.rooms.create(alice, {}, {});
    await using cold = await openSync(house.fresh);
    const query = vi.spyOn(house.fresh.database, 'query');
    const answer = await cold.sync(alice, { filter: { room: { timeline: { limit } } } });
    expect(Object.keys(answer.rooms.join)).toHaveLength(30);
    const read = query.mock.calls.filter(([name]) => name === 'newest_of_timelines');
    expect(read.map(([, , values]) => (values![0] as number[]).length)).toEqual(expected);
  },
);
