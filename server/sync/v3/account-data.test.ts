import { expect, test } from 'vitest';
import { bob } from '../../../test/support/rooms.ts';
import { freshSync } from '../../../test/support/sync.ts';
import { room } from '../../../test/support/sync-answers.ts';

test('account data is told when it changes', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.accountData.put({ userId: bob, roomId: null, type: 'm.direct' }, { a: [] });
  const first = await waiting;
  expect(first.account_data.events).toEqual([{ type: 'm.direct', content: { a: [] } }]);
  await house.accountData.put({ userId: bob, roomId, type: 'm.tag' }, { tags: {} });
  const second = await house.next(bob, first);
  expect(second.account_data).toBeUndefined();
  expect(second.rooms.join[roomId].account_data.events).toHaveLength(1);
});
