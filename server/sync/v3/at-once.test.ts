import { expect, test, vi } from 'vitest';
import { sendToDevice } from '../../../test/support/devices.ts';
import fc from '../../../test/support/fast-check.ts';
import { alice, bob } from '../../../test/support/rooms.ts';
import {
  type Answer,
  freshSync,
  type SyncQuery,
  type SyncUnderTest,
} from '../../../test/support/sync.ts';
import { bodies, receipt, room } from '../../../test/support/sync-answers.ts';
import { happen, newStage, type Stage, steps } from '../../../test/support/sync-histories.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** Of what it says is as much as an answer holds anyway; whoever says so is never answered at once. */
const LOOKED_UP: SyncQuery = { timelineBytesMax: 1_048_576 };

test('whoever waits in a room is told a message from memory, without anything that is looked up', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const known = await settled(house, bob);
  const looksUp = vi.spyOn(house.rooms, 'openAll');
  const waiting = house.next(bob, known, { timeoutMs: 60_000 });
  await house.say(roomId, alice, 'at once');
  const told = await waiting;
  expect(bodies(told.rooms.join[roomId])).toEqual(['at once']);
  expect(told.rooms.join[roomId].unread_notifications.notification_count).toBe(2);
  expect(looksUp).not.toHaveBeenCalled();
  await house.next(bob, known, LOOKED_UP);
  expect(looksUp).toHaveBeenCalled();
});

test('that others talk elsewhere meanwhile makes nobody be looked up', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const elsewhere = await room(house);
  const known = await settled(house, bob);
  await house.say(elsewhere, alice, 'where bob is not');
  const later = await house.next(bob, known);
  expect(later.next_batch).not.toBe(known.next_batch);
  const looksUp = vi.spyOn(house.rooms, 'openAll');
  const waiting = house.next(bob, later, { timeoutMs: 60_000 });
  await house.say(roomId, alice, 'at once');
  expect(bodies((await waiting).rooms.join[roomId])).toEqual(['at once']);
  expect(looksUp).not.toHaveBeenCalled();
});

test('where much is to be matched with rules the rest is counted in turns, and nothing twice', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const known = await settled(house, bob);
  // Some 540,000 steps an event: with the first the judge is tired.
  const costly = {
    ...{ rule_id: 'costly', default: false, enabled: true },
    ...{ pattern: `*${'?'.repeat(255)}*key`, actions: ['notify'] },
  };
  await house.pushRules.edit(bob, (rules) => ({ ...rules, content: [costly] }));
  const unread = (answer: Answer) =>
    answer.rooms.join[roomId].unread_notifications.notification_count;
  await house.say(roomId, alice, 'by which the rules are loaded');
  const told = await house.next(bob, known);
  const looksUp = vi.spyOn(house.rooms, 'openAll');
  for (const length of [58_000, 0, 0]) await house.say(roomId, alice, `${'x'.repeat(length)} key`);
  const tired = await house.next(bob, told);
  expect([unread(tired), looksUp.mock.calls.length]).toEqual([5, 1]);
  await house.say(roomId, alice, 'light');
  expect([unread(await house.next(bob, tired)), looksUp.mock.calls.length]).toEqual([6, 1]);
});

test.each([
  ['a few rooms', 4, '', 0],
  ['many rooms', 5, '', 1],
  ['more than one event may be', 2, 'x'.repeat(40_000), 1],
])('of %s it is told at once, or others have their turn', async (_of, count, more, lookedUp) => {
  await using house = await freshSync();
  const rooms = await Promise.all(Array.from({ length: count }, () => room(house, bob)));
  for (const each of rooms) await house.say(each, alice, 'before');
  const known = await house.next(bob, await house.next(bob, await house.sync(bob)));
  const looksUp = vi.spyOn(house.rooms, 'openAll');
  for (const each of rooms) await house.say(each, alice, `now ${more}`);
  const { join } = (await house.next(bob, known)).rooms;
  expect(rooms.map((each) => bodies(join[each]).length)).toEqual(rooms.map(() => 1));
  expect(looksUp).toHaveBeenCalledTimes(lookedUp);
});

test('somebody’s own rules are asked of one room without a turn between, and of no more', async () => {
  await using house = await freshSync();
  const rooms = [await room(house, bob), await room(house, bob)];
  const keyword = {
    rule_id: 'fox',
    default: false,
    enabled: true,
    pattern: 'fox',
    actions: ['notify'],
  };
  await house.pushRules.edit(bob, (rules) => ({ ...rules, content: [keyword] }));
  for (const each of rooms) await house.say(each, alice, 'before');
  const known = await house.next(bob, await house.next(bob, await house.sync(bob)));
  const looksUp = vi.spyOn(house.rooms, 'openAll');
  await house.say(rooms[0]!, alice, 'a fox');
  const one = await house.next(bob, known);
  expect(looksUp).not.toHaveBeenCalled();
  for (const each of rooms) await house.say(each, alice, 'a fox');
  await house.next(bob, one);
  expect(looksUp).toHaveBeenCalledTimes(1);
});

const ways: readonly (readonly [string, SyncQuery])[] = [
  ['nothing special', {}],
  ['a timeline of two', { filter: { room: { timeline: { limit: 2 } } } }],
  ['members as they are needed', { filter: { room: { state: { lazy_load_members: true } } } }],
  ['threads apart', { filter: { room: { timeline: { unread_thread_notifications: true } } } }],
  ['no topics', { filter: { room: { timeline: { not_types: ['m.room.topic'] } } } }],
  ['the state behind the timeline', { stateKey: 'state_after' }],
];

/** One device's answers may be made at once, the other's never. */
test.each(ways)(
  'whoever asks for %s is told the same at once as when it is looked up, whatever happened',
  async (_way, query) => {
    await using house = await freshSync();
    const history = fc.array(steps(5), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(history, async (parts) => {
        const stage = await newStage(house);
        const [reader] = stage.users;
        const names = ['ONE', 'OTHER'];
        const [one, other] = names.map((name) => new Device(house, reader, name, query));
        for (const happening of parts) {
          for (const step of happening) await happen(stage, step);
          for (const { what } of happening) {
            await say(house, stage, what);
            expect(await one!.ask({})).toEqual(await other!.ask(LOOKED_UP));
          }
        }
      }),
      { numRuns: Number(process.env.SEEDS ?? 10) },
    );
  },
  120_000,
);

type House = Awaited<ReturnType<typeof freshSync>>;

/** A device that follows. */
class Device {
  readonly #house: SyncUnderTest;
  readonly #userId: UserId;
  readonly #query: SyncQuery;
  #since: string | undefined;

  constructor(house: SyncUnderTest, userId: UserId, deviceId: string, query: SyncQuery) {
    this.#house = house;
    this.#userId = userId;
    this.#query = { ...query, deviceId };
  }

  /** How old an event is depends on when one asks. */
  async ask(more: SyncQuery): Promise<Answer> {
    const answer = await this.#house.sync(this.#userId, {
      ...{ ...this.#query, ...more, since: this.#since },
    });
    this.#since = answer.next_batch;
    return JSON.parse(JSON.stringify(answer).replaceAll(/"age":\d+/g, '"age":0'));
  }
}

/** Plain messages, and what is shown with other events, counts elsewhere, or moves what is unread. */
async function say(house: House, { rooms, users, owner }: Stage, what: number): Promise<void> {
  const [roomId] = rooms;
  const first = await house.say(roomId, owner, 'first');
  const message = (body: string, more: JsonObject) => {
    const content = { msgtype: 'm.text', body, ...more };
    return house.rooms.send(roomId, { sender: owner, type: 'm.room.message', content }, {});
  };
  const redact = (redacts: EventId) =>
    house.rooms.send(roomId, { sender: owner, type: 'm.room.redaction', content: { redacts } }, {});
  const ignore = (ignored_users: JsonObject) =>
    house.accountData.put(
      { userId: users[0], roomId: null, type: 'm.ignored_user_list' },
      { ignored_users },
    );
  const relation = (rel_type: string) => ({ 'm.relates_to': { rel_type, event_id: first } });
  const sayings = [
    () => message('all', { 'm.mentions': { room: true } }),
    () => message('you', { 'm.mentions': { user_ids: [users[0]] } }),
    () => message('in a thread', relation('m.thread')),
    () => message('edited', relation('m.replace')),
    () => message('about', relation('m.reference')),
    () => house.receipts.put(receipt(roomId, users[0], first)),
    async () => house.typing.begins(roomId, owner, 30_000),
    () => house.say(roomId, users[0], 'mine'),
    () => house.say(rooms[1], owner, 'elsewhere'),
    () => redact(first),
    () => house.accountData.put({ userId: users[0], roomId: null, type: 'x' }, { n: what }),
    () => ignore({ [owner]: {} }),
    () => ignore({}),
    () => sendToDevice(house, new Map([[users[0], { ONE: { what }, OTHER: { what } }]])),
  ];
  await sayings[what % (2 * sayings.length)]?.().catch(refusedOnly);
}

function refusedOnly(error: { errcode?: string }) {
  if (error.errcode === undefined) throw error;
}

/** Behind what is loaded and counted the first time. */
async function settled(house: SyncUnderTest, userId: UserId): Promise<Answer> {
  await house.say(first(await house.rooms.roomsOf(userId)), alice, 'before');
  const known = await house.next(userId, await house.sync(userId));
  return house.next(userId, known);
}

const first = (rooms: ReadonlyMap<RoomId, unknown>): RoomId => [...rooms.keys()][0]!;
