import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdCommits } from '../../../test/support/hold-commits.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.ts';
import {
  alice,
  bob,
  bringIn,
  openRooms,
  type RoomsUnderTest,
} from '../../../test/support/rooms.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';

/** Room for some three events of 60 kB, each with what it replaced. */
const STATE_BYTES_MAX = 400_000;
const LARGE = 60_000;

let fresh: FreshDatabase;
let under: RoomsUnderTest;
let roomId: RoomId;

beforeEach(async () => {
  fresh = await freshDatabase();
  under = await openRooms(fresh, { stateBytesMax: STATE_BYTES_MAX });
  roomId = await under.rooms.create(alice, { name: 'A room' }, {});
});
afterEach(async () => {
  await under[Symbol.asyncDispose]();
  await fresh[Symbol.asyncDispose]();
});

test('state that would make a room unreadable is refused as too large, also after a restart', async () => {
  const taken = await fill('a');
  expect(taken).toBeGreaterThan(3);
  expect(taken).toBeLessThan(7);
  await expect(put('one more', LARGE)).rejects.toMatchObject(TOO_LARGE);
  await using restarted = await openRooms(fresh, { stateBytesMax: STATE_BYTES_MAX });
  await expect(put('one more', LARGE, restarted)).rejects.toMatchObject(TOO_LARGE);
});

test('a full room can be moderated, and what becomes smaller makes space', async () => {
  const taken = await fill('a');
  await fill('little', 1);
  await bringIn(under, roomId, bob);
  await under.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'ban' }, {});
  const levels = await under.stateContent(roomId, 'm.room.power_levels');
  await set('m.room.power_levels', '', { ...levels, users_default: 1 });
  await put('a0', LARGE - 1_000);
  await expect(put('a0', LARGE)).rejects.toMatchObject(TOO_LARGE);
  for (let index = 0; index < taken; index++) await put(`a${index}`, 1);
  for (let index = 0; index < taken; index++) await put(`a${index}`, 0);
  await put('b', LARGE);
});

test('whoever fills a room, makes its state small and fills it again gets no further', async () => {
  for (const prefix of ['a', 'b', 'c', 'd'])
    for (let index = (await fill(prefix)) - 1; index >= 0; index--)
      await put(`${prefix}${index}`, 1);
  const room = (await under.rooms.open(roomId))!;
  const shown = (await room.state()).map(
    ({ members, unsigned }) => members.length + unsigned.length,
  );
  expect(shown.reduce((sum, each) => sum + each, 0)).toBeLessThan(2 * STATE_BYTES_MAX);
});

test('members may be as many as they are', async () => {
  await using small = await openRooms(fresh, { stateBytesMax: 20_000 });
  const users = Array.from({ length: 30 }, (_, index) => `@${index}:example.org` as UserId);
  await bringIn(small, roomId, ...users);
  await put('a', 1, small);
});

test('what is redacted makes space', async () => {
  await fill('a');
  const room = (await under.rooms.open(roomId))!;
  const { eventId } = (await room.stateEvent('org.example', 'a0'))!;
  const redaction = { sender: alice, type: 'm.room.redaction', content: { redacts: eventId } };
  await under.rooms.send(roomId, redaction, {});
  await put('b', LARGE - 5_000);
});

test('what is on its way is weighed as well', async () => {
  await put('a', LARGE);
  const held = await holdCommits(fresh.url);
  const wave = (name: string) =>
    Array.from({ length: 10 }, (_, index) => put(`${name}${index}`, LARGE));
  const first = wave('b');
  for (const each of first) each.catch(() => {});
  await held.untilOneWaits();
  const later = wave('c');
  for (const each of later) each.catch(() => {});
  await held.release();
  const all = await Promise.allSettled([...first, ...later]);
  expect(all.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(7);
});

const TOO_LARGE = { status: 413, errcode: 'M_TOO_LARGE' };

const put = (key: string, size: number, { rooms }: RoomsUnderTest = under) =>
  rooms.send(
    roomId,
    { sender: alice, type: 'org.example', stateKey: key, content: { text: 'x'.repeat(size) } },
    {},
  );

const set = (type: string, stateKey: string, content: object) =>
  under.setState(roomId, { sender: alice, type, stateKey, content: { ...content } });

/** How many were taken. */
async function fill(prefix: string, size = LARGE): Promise<number> {
  for (let taken = 0; ; taken++) {
    const refused = await put(`${prefix}${taken}`, size).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) continue;
    expect(refused).toMatchObject(TOO_LARGE);
    return taken;
  }
}
