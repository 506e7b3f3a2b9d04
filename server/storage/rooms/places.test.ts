import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { DEEPEST_UP_TO, deepestUpTo, LOOKED_THROUGH_MAX, shallowestBehind } from './places.ts';

const MANY = 3 * LOOKED_THROUGH_MAX;

test('the deepest event up to a position is found however many came and are less deep', async () => {
  await using room = await roomOf([...risen(10), ...Array<number>(MANY).fill(1)]);
  expect(await room.deepestUpTo(10 + MANY)).toEqual({ depth: 10, nid: 10 });
  expect(await room.deepestUpTo(11)).toEqual({ depth: 10, nid: 10 });
  expect(await room.deepestUpTo(4)).toEqual({ depth: 4, nid: 4 });
  expect(await room.deepestUpTo(0)).toBeUndefined();
});

test('of a position long ago it is the deepest of those that came just before', async () => {
  await using room = await roomOf([1, 2, 9, 3, 4, ...risen(MANY).map((depth) => depth + 9)]);
  expect(await room.deepestUpTo(5)).toEqual({ depth: 9, nid: 3 });
  expect(await room.deepestUpTo(2)).toEqual({ depth: 2, nid: 2 });
});

test('what is in no timeline is no edge of it', async () => {
  await using room = await roomOf(risen(4));
  await room.query(`UPDATE event SET backfilled = true WHERE event_nid = 4`);
  await room.query(`UPDATE event SET soft_failed = true WHERE event_nid = 3`);
  expect(await room.deepestUpTo(4)).toEqual({ depth: 2, nid: 2 });
  await room.query(`UPDATE event SET depth = 0 WHERE event_nid IN (3, 4)`);
  expect(await room.shallowestBehind(2, { depth: 2, nid: 2 })).toBeUndefined();
});

test('what entered the timeline late counts from there on', async () => {
  await using room = await roomOf([1, 9, 3, 4]);
  await room.query(`UPDATE event SET position = 7 WHERE event_nid = 2`);
  expect(await room.deepestUpTo(6)).toEqual({ depth: 4, nid: 4 });
  expect(await room.deepestUpTo(7)).toEqual({ depth: 9, nid: 2 });
  expect(await room.shallowestBehind(6, { depth: 10, nid: 0 })).toEqual({ depth: 9, nid: 2 });
});

test('the least deep of those behind a position is found, as far as it lies not too deep below', async () => {
  await using room = await roomOf([...risen(MANY), 7, MANY - 20, MANY - 9]);
  const behind = (position: number) => room.shallowestBehind(position, { depth: MANY, nid: MANY });
  expect(await behind(MANY)).toEqual({ depth: MANY - 20, nid: MANY + 2 });
  expect(await behind(MANY + 2)).toEqual({ depth: MANY - 9, nid: MANY + 3 });
  expect(await behind(MANY + 3)).toBeUndefined();
});

test('the newest event of a large room is found by one look at the index of its order', async () => {
  await using room = await roomOf(risen(20_000));
  await room.query('ANALYZE event');
  const plan = await room.query<{ readonly 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${DEEPEST_UP_TO.replace('$1', '1').replace('$2', '20000')}`,
  );
  const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(lines).toMatch(/Index Scan (Backward )?using event_order.*rows=1(\.00)? /);
  expect(lines).not.toContain('Sort');
});

const risen = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** With an event of each of these depths, in the order in which they came. */
async function roomOf(depths: readonly number[]) {
  const fresh = await freshDatabase();
  let statements = 0;
  const query = <Row extends object>(text: string, values: number[][] = []) =>
    fresh.database.query<Row>(`statement_${statements++}`, text, values);
  await query(
    `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, type, sender, json,
       outlier, rejected, soft_failed, backfilled)
     SELECT n, 1, depth, 0, '$' || n, 'm.room.message', '@a:x', '{}', false, false, false, false
     FROM unnest($1::int8[]) WITH ORDINALITY at (depth, n)`,
    [[...depths]],
  );
  return {
    query,
    deepestUpTo: (position: number) => deepestUpTo(fresh.database, 1, position),
    shallowestBehind: (position: number, below: { depth: number; nid: number }) =>
      shallowestBehind(fresh.database, 1, { position, below }),
    [Symbol.asyncDispose]: () => fresh[Symbol.asyncDispose](),
  };
}
