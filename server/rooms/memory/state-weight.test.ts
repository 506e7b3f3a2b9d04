import { expect, test } from 'vitest';
import type { RoomEvent } from '../room-event.ts';
import { StateWeight } from './state-weight.ts';

const event = (length: number) => ({ members: 'x'.repeat(length), unsigned: '' }) as RoomEvent;

test('what is on its way when the weight is read counts, and what was committed before does not twice', async () => {
  const weight = new StateWeight();
  weight.built(event(10));
  weight.built(event(200));
  weight.committed(event(10));
  await weight.read(async () => 5_000);
  expect(weight.bytes).toBe(5_200);
});

test('what is built or committed while the weight is read counts', async () => {
  const weight = new StateWeight();
  weight.built(event(10));
  const read = Promise.withResolvers<number>();
  const done = weight.read(() => read.promise);
  weight.built(event(200));
  weight.committed(event(10));
  read.resolve(5_000);
  await done;
  expect(weight.bytes).toBe(5_210);
});
