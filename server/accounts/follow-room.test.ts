import { expect, test } from 'vitest';
import { alice } from '../../test/support/rooms.ts';
import { freshSync } from '../../test/support/sync.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { RoomId } from '../protocol/identifiers.ts';
import { AccountData } from './account-data.ts';
import { followRoom } from './follow-room.ts';
import { putRule } from './push-rule-edits.ts';
import { PushRules } from './push-rules.ts';

const from = '!old:example.org' as RoomId;
const to = '!new:example.org' as RoomId;

test('tags and push rules of a room are said of the one that takes its place, once', async () => {
  await using bench = await workbench();
  await bench.accountData.setTag(alice, from, 'm.favourite', { order: 0.5 });
  await bench.accountData.setTag(alice, from, 'u.mine', {});
  await bench.accountData.setTag(alice, to, 'u.mine', { order: 1 });
  const muted = [{ kind: 'event_match', key: 'room_id', pattern: from }];
  await bench.pushRules.edit(alice, (rules) =>
    putRule(rules, { kind: 'room', ruleId: from }, { actions: ['notify'] }, {}),
  );
  await bench.pushRules.edit(alice, (rules) =>
    putRule(rules, { kind: 'override', ruleId: from }, { actions: [], conditions: muted }, {}),
  );
  const ask = async () => {
    const { room, override } = await bench.pushRules.of(alice);
    const own = (rules: typeof room) => rules.filter((rule) => !rule.default);
    return [await bench.accountData.tags(alice, to), own(room), own(override)];
  };
  for (let time = 0; time < 2; time++) {
    await followRoom(bench, alice, { from, to });
    const [tags, room, override] = await ask();
    expect(tags).toEqual({ 'm.favourite': { order: 0.5 }, 'u.mine': { order: 1 } });
    expect(room).toMatchObject([{ rule_id: to, actions: ['notify'] }, { rule_id: from }]);
    expect(override).toMatchObject([
      { rule_id: to, actions: [], conditions: [{ ...muted[0], pattern: to }] },
      { rule_id: from, conditions: muted },
    ]);
  }
});

test('all tags of a room together have a bound, and are taken along in one change or not at all', async () => {
  await using bench = await workbench();
  const large = { text: 'x'.repeat(300_000) };
  const tag = (roomId: RoomId, name: string) =>
    bench.accountData.setTag(alice, roomId, name, large);
  for (const name of ['u.1', 'u.2', 'u.3']) await tag(from, name);
  await expect(tag(from, 'u.4')).rejects.toMatchObject({ status: 413, errcode: 'M_TOO_LARGE' });
  expect(Object.keys(await bench.accountData.tags(alice, from))).toEqual(['u.1', 'u.2', 'u.3']);

  const before = bench.committed();
  await followRoom(bench, alice, { from, to });
  expect(bench.committed()).toBe(before + 1);
  expect(Object.keys(await bench.accountData.tags(alice, to))).toEqual(['u.1', 'u.2', 'u.3']);

  const full = '!full:example.org' as RoomId;
  await tag(full, 'u.5');
  await followRoom(bench, alice, { from, to: full });
  expect(Object.keys(await bench.accountData.tags(alice, full))).toEqual(['u.5']);
});

async function workbench() {
  const house = await freshSync();
  const { database } = house.fresh;
  const stored = {
    database,
    lookUps: database,
    log: house.writer,
    locks: new KeyedMutex(),
    now: Date.now,
  };
  const accountData = new AccountData(stored);
  return {
    accountData,
    committed: () => house.writer.committed.position,
    pushRules: new PushRules(accountData),
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}
