import { expect, test } from 'vitest';
import { sendToDevice } from '../../../test/support/devices.ts';
import { alice, bob } from '../../../test/support/rooms.ts';
import { type Answer, freshSync, openSync } from '../../../test/support/sync.ts';
import { bodies, content, lastEvent, receipt, room } from '../../../test/support/sync-answers.ts';

test.each([
  ['a token of the future', 's1.zzzzzzz.0.0'],
  ['a token of an epoch that never was', 's9.1.1.0'],
  ['a token of another kind of server', 's72594_4483_1934'],
])('%s is answered with everything, and every room limited', async (_what, since) => {
  await using house = await freshSync();
  const [here, left] = [await room(house, bob), await room(house, bob)];
  await house.rooms.changeMembership(left, { sender: bob, target: bob, action: 'leave' }, {});
  const mail = new Map([[bob, { PHONE: { secret: 1 } }]]);
  await sendToDevice(house, mail);
  for (let time = 0; time < 2; time++) {
    const answer = await house.sync(bob, { since, timeoutMs: 60_000 });
    expect(answer.rooms.join[here].timeline.limited).toBe(true);
    const all = [
      ...answer.rooms.join[here].state.events,
      ...answer.rooms.join[here].timeline.events,
    ];
    expect(content(all, 'm.room.create')).toBeDefined();
    expect(Object.keys(answer.rooms.leave)).toEqual([left]);
    expect(answer.device_lists.changed).toContain(alice);
    expect(answer.to_device.events).toHaveLength(1);
  }
});

test('after a restart a token goes on where it was', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'before the restart');
  await house.receipts.put(receipt(roomId, alice, (await lastEvent(house, roomId)).eventId));
  await house.accountData.put({ userId: bob, roomId, type: 'm.tag' }, { tags: {} });
  await using again = await openSync(house.fresh);
  await again.say(roomId, alice, 'after it');
  const joined = (await again.next(bob, begin)).rooms.join[roomId];
  expect(bodies(joined)).toEqual(['before the restart', 'after it']);
  expect(joined.ephemeral.events.map((each: Answer) => each.type)).toEqual(['m.receipt']);
  expect(joined.account_data.events).toEqual([{ type: 'm.tag', content: { tags: {} } }]);
  expect(joined.timeline.limited).toBe(false);
});

test('after a restart the one event behind the token is told', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'one');
  await using again = await openSync(house.fresh);
  expect(bodies((await again.next(bob, begin)).rooms.join[roomId])).toEqual(['one']);
});
