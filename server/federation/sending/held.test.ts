import { expect, test } from 'vitest';
import { Held } from './held.ts';
import type { Pdu } from './pdu.ts';

const pdu = (bytes: number): Pdu => ({
  ...{ position: 1, roomNid: 1, eventId: '$x' as never, text: '', bytes, holders: 0 },
});

test('an event is counted once for however many servers it waits, until the last of them has it', () => {
  const held = new Held();
  const [one, other] = [pdu(10), pdu(5)];
  for (const each of [one, one, one, other]) held.hold(each);
  expect(held.bytes).toBe(15);
  held.letGo([one, one, other]);
  expect(held.bytes).toBe(10);
  held.letGo([one]);
  expect(held.bytes).toBe(0);
});

test('who does not answer leaves half of it to those who do', () => {
  const held = new Held(10);
  held.hold(pdu(6));
  expect([0, 1].map((failures) => held.isFullFor({ failures }))).toEqual([false, true]);
  held.hold(pdu(5));
  expect(held.isFullFor({ failures: 0 })).toBe(true);
});
