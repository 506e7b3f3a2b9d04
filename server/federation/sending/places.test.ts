import { expect, test } from 'vitest';
import { Places, type Standing } from './places.ts';

const never = () => new Promise<never>(() => {});
const ONE = { atOnce: 1, slow: 0 };

test.each<[Standing, Standing]>([
  ['unknown', 'prompt'],
  ['unknown', 'failing'],
  ['failing', 'prompt'],
])('servers that are %s take no place from those that are %s', async (dead, living) => {
  const places = new Places({ prompt: ONE, failing: ONE, unknown: ONE });
  for (let each = 0; each < 5; each++) void places.run(dead, never);
  expect(await places.run(living, async () => 'sent')).toBe('sent');
});

test('who is slow makes way, as long as not too many are', async () => {
  const lane = { atOnce: 1, slow: 1 };
  const places = new Places({ prompt: lane, failing: ONE, unknown: ONE }, 1);
  void places.run('prompt', never);
  expect(await places.run('prompt', async () => 'second')).toBe('second');
  void places.run('prompt', never);
  const fourth = places.run('prompt', async () => 'fourth');
  const first = await Promise.race([fourth, new Promise((soon) => setTimeout(soon, 20, 'waits'))]);
  expect(first).toBe('waits');
});
