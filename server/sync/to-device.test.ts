import { expect, test } from 'vitest';
import { sendToDevice } from '../../test/support/devices.ts';
import { alice, bob } from '../../test/support/rooms.ts';
import { type Answer, freshSync } from '../../test/support/sync.ts';

test('to-device messages come until the token that follows them, then never again', async () => {
  await using house = await freshSync();
  const begin = await house.sync(bob);
  await sendToDevice(house, new Map([[bob, { PHONE: { n: 1 } }]]));
  const first = await house.next(bob, begin);
  expect(first.to_device.events).toEqual([{ sender: alice, type: 'm.test', content: { n: 1 } }]);
  expect((await house.next(bob, begin)).to_device.events).toHaveLength(1);
  const second = await house.next(bob, first);
  expect(second.to_device).toBeUndefined();
  await expect.poll(() => mailCount(house)).toBe(0);
  expect(house.errors).toEqual([]);
});

test('a hundred to-device messages come at a time, in their order', async () => {
  await using house = await freshSync();
  let before = await house.sync(bob);
  for (let n = 0; n < 150; n++) await sendToDevice(house, new Map([[bob, { PHONE: { n } }]]));
  const seen: number[] = [];
  for (const expected of [100, 50]) {
    const answer = await house.next(bob, before);
    expect(answer.to_device.events).toHaveLength(expected);
    seen.push(...answer.to_device.events.map((each: Answer) => each.content.n));
    before = answer;
  }
  expect(seen).toEqual([...Array(150).keys()]);
});

async function mailCount({ fresh }: Answer): Promise<number> {
  const [row] = await fresh.database.query('test_mail', 'SELECT count(*) AS n FROM to_device');
  return row.n;
}
