import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { type LaneMax, PLACES_MAX, Places, type Standing } from './places.ts';

const never = () => new Promise<never>(() => {});
const soon = () => new Promise<'waits'>((resolve) => setTimeout(resolve, 20, 'waits'));
const ONE: LaneMax = { atOnce: 1, slow: 0, ofHost: 1 };
const ALL_ONE = { prompt: ONE, slow: ONE, failing: ONE, unknown: ONE };

let made = 0;
const anybody = () => `${++made}.example.org` as ServerName;

test.each<[Standing, Standing]>([
  ['unknown', 'prompt'],
  ['unknown', 'failing'],
  ['failing', 'prompt'],
])('servers that are %s take no place from those that are %s', async (dead, living) => {
  const places = new Places(ALL_ONE);
  for (let each = 0; each < 5; each++) void places.run(anybody(), dead, never);
  expect(await places.run(anybody(), living, async () => 'sent')).toBe('sent');
});

test('who is slow makes way, as long as not too many are', async () => {
  const lane = { atOnce: 1, slow: 1, ofHost: 1 };
  const places = new Places({ ...ALL_ONE, prompt: lane }, 1);
  void places.run(anybody(), 'prompt', never);
  expect(await places.run(anybody(), 'prompt', async () => 'second')).toBe('second');
  void places.run(anybody(), 'prompt', never);
  const fourth = places.run(anybody(), 'prompt', async () => 'fourth');
  expect(await Promise.race([fourth, soon()])).toBe('waits');
});

test.each<Standing>(['prompt', 'failing', 'unknown'])(
  'however many names one host has, its servers that hang leave places to others that are %s',
  async (standing) => {
    const places = new Places(PLACES_MAX, 1);
    for (let port = 1; port <= 400; port++) {
      const host = port % 2 === 0 ? 'evil.example' : 'EVIL.example';
      void places.run(`${host}:${port}` as ServerName, standing, never);
    }
    await soon();
    const sent = places.run(anybody(), standing, async () => 'sent');
    expect(await Promise.race([sent, soon()])).toBe('sent');
  },
);

test('those of one host that wait are called when others of it are ready', async () => {
  const places = new Places(PLACES_MAX);
  const names = Array.from({ length: 50 }, (_, port) => `one.example:${port + 1}` as ServerName);
  let [now, most] = [0, 0];
  const sent = names.map((name) =>
    places.run(name, 'prompt', async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now -= 1;
    }),
  );
  await Promise.all(sent);
  expect(most).toBe(PLACES_MAX.prompt.ofHost);
});

test('who was slow waits among those that were slow, until it was quick some times on end', async () => {
  const places = new Places(ALL_ONE, 20);
  const [slow, hanging] = [anybody(), anybody()];
  const prompt = (name: ServerName, work: () => Promise<unknown>) =>
    places.run(name, 'prompt', work);
  for (const name of [slow, hanging])
    await prompt(name, () => new Promise((resolve) => setTimeout(resolve, 40)));
  const over = Promise.withResolvers<void>();
  const hangs = prompt(hanging, () => over.promise);
  const waits = prompt(slow, async () => 'slow');
  expect(await Promise.race([waits, soon()])).toBe('waits');
  const quick = prompt(anybody(), async () => 'quick');
  expect(await Promise.race([quick, soon()])).toBe('quick');
  over.resolve();
  await Promise.all([hangs, waits]);
  for (let quick = 1; quick < 10; quick++) await prompt(slow, async () => 'quick');
  void prompt(hanging, never);
  const again = prompt(slow, async () => 'prompt again');
  expect(await Promise.race([again, soon()])).toBe('prompt again');
});
