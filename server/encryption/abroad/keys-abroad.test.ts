import { expect, test } from 'vitest';
import type { PlacedRecord } from '../../log/change.ts';
import type { LogRecord } from '../../log/records.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { AskForKeys } from './key-servers.ts';
import { KeysAbroad } from './keys-abroad.ts';

const alice = '@alice:example.org' as UserId;
const bob = '@bob:there.org' as UserId;
const eve = '@eve:there.org' as UserId;
const asking = { caller: alice, withinMs: 5_000 };

const device = (user_id: string, device_id: string): JsonObject => ({ user_id, device_id });

test('a server answers for its own users, their devices and what was asked for, and for nothing else', async () => {
  const { abroad } = subject(async () => ({
    answer: {
      device_keys: {
        [bob]: {
          GOOD: device(bob, 'GOOD'),
          OTHER: device(bob, 'X'),
          EVES: device(eve, 'EVES'),
          NONE: 7,
        },
        [alice]: { PHONE: device(alice, 'PHONE') },
      },
      master_keys: { [bob]: { user_id: eve } },
      self_signing_keys: { [bob]: { user_id: bob } },
    },
  }));
  const { keys, failures } = await abroad.query([bob], asking);
  expect(failures).toEqual({});
  expect([...keys]).toEqual([
    [
      bob,
      {
        devices: new Map([['GOOD', JSON.stringify(device(bob, 'GOOD'))]]),
        crossSigning: { self_signing: JSON.stringify({ user_id: bob }) },
      },
    ],
  ]);
});

test('of a claim one key is taken, of the algorithm that was asked for', async () => {
  const { abroad } = subject(async () => ({
    answer: {
      one_time_keys: { [bob]: { D: { 'b:1': 'x', 'a:1': 'y', 'a:2': 'z' }, E: { 'a:3': 'w' } } },
    },
  }));
  const wish = { userId: bob, deviceId: 'D', algorithm: 'a' };
  expect(await abroad.claim([wish], asking)).toEqual({
    ...{ one_time_keys: { [bob]: { D: { 'a:1': 'y' } } }, failures: {} },
  });
});

test.each<[string, LogRecord]>([
  ['their devices changed', { kind: 'device-list', userId: bob }],
  [
    'their membership changed',
    { kind: 'state', roomId: '!r' as RoomId, type: 'm.room.member', stateKey: bob, eventNid: 1 },
  ],
  ['a room was entered', { kind: 'room-entered', roomId: '!r' as RoomId }],
  ['a room was deleted', { kind: 'room-deleted', roomId: '!r' as RoomId }],
])('what was answered is kept until %s', async (_what, record) => {
  let asked = 0;
  const { abroad, commit } = subject(async () => ({ answer: { device_keys: { n: ++asked } } }));
  await abroad.query([bob], asking);
  await abroad.query([bob], asking);
  expect(asked).toBe(1);
  commit({ position: 1, record });
  await abroad.query([bob], asking);
  expect(asked).toBe(2);
});

test('what was not answered is not kept, and who was silent is asked again behind a minute', async () => {
  let asked = 0;
  const { abroad, clock } = subject(async () => {
    asked += 1;
    return asked === 1 ? { failure: 'gone', isSilent: true } : { answer: {} };
  });
  expect((await abroad.query([bob], asking)).failures).toEqual({
    'there.org': { errcode: 'M_UNKNOWN', error: 'gone' },
  });
  expect(Object.keys((await abroad.query([bob], asking)).failures)).toEqual(['there.org']);
  expect(asked).toBe(1);
  clock.ms += 60_001;
  expect(await abroad.query([bob], asking)).toMatchObject({ failures: {} });
});

test('for one user 16 servers are asked at once, in one request 200', async () => {
  let [now, most, asked] = [0, 0, 0];
  const { abroad } = subject(async () => {
    now += 1;
    asked += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return { answer: {} };
  });
  const users = Array.from({ length: 210 }, (_, n) => `@u:s${n}.org` as UserId);
  const { keys, failures } = await abroad.query(users, asking);
  expect([most, asked, keys.size, Object.keys(failures).length]).toEqual([16, 200, 200, 10]);
});

test('of servers that are in no room here somebody may name 30 within an hour', async () => {
  const { abroad } = subject(async () => ({ answer: {} }), { areKnown: false });
  const users = Array.from({ length: 40 }, (_, n) => `@u:s${n}.org` as UserId);
  const { keys, failures } = await abroad.query(users, asking);
  expect([keys.size, Object.keys(failures).length]).toEqual([30, 10]);
});

test('whoever waits in vain for a turn is told so within their time', async () => {
  const given: number[] = [];
  const { abroad } = subject(async (_server, { withinMs }) => {
    given.push(withinMs);
    await new Promise((resolve) => setTimeout(resolve, withinMs));
    return { failure: 'late', isSilent: true };
  });
  const users = Array.from({ length: 40 }, (_, n) => `@u:s${n}.org` as UserId);
  const { failures } = await abroad.query(users, { ...asking, withinMs: 50 });
  expect(Object.keys(failures)).toHaveLength(40);
  // Nobody is asked who could not answer any more.
  expect(Math.min(...given)).toBeGreaterThan(0);
});

/** Where all share a room with Alice, or nobody is in any. */
function subject(askForKeys: AskForKeys, { areKnown = true } = {}) {
  const clock = { ms: 1_000_000 };
  let heard: (records: readonly PlacedRecord[]) => void = () => {};
  const database = {
    async query(name: string, _text: string, values: readonly UserId[][]) {
      const users = values[name === 'sharing_rooms' ? 1 : 0]!;
      return areKnown ? users.map((userId) => ({ userId })) : [];
    },
  };
  const log = {
    onCommitted(listener: typeof heard) {
      heard = listener;
    },
  };
  const ports = { askForKeys, reaches: () => true, now: () => clock.ms };
  const abroad = new KeysAbroad({ database, log } as never, ports);
  return { abroad, clock, commit: (record: PlacedRecord) => heard([record]) };
}
