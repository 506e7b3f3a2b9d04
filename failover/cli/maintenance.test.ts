import { expect, test } from 'vitest';
import { minutesIn } from './duration.ts';
import { maintenance } from './maintenance.ts';

test.each([
  ['2h', 120],
  ['1h30m', 90],
  ['45m', 45],
  ['90s', 1.5],
  ['24h', 1_440],
  ['', null],
  ['2', null],
  ['h', null],
  ['-1h', null],
  ['1d', null],
  ['30m1h', null],
])('"%s" is %s minutes', (text, minutes) => {
  expect(minutesIn(text)).toBe(minutes);
});

test('maintenance pauses all agents for as long as is told, two hours unless told, and its end ends that', async () => {
  expect(await asked('on', '1h30m')).toBe(90);
  expect(await asked('on')).toBe(120);
  expect(await asked('off')).toBe(0);
});

test.each([
  ['on', '25h', 'must end'],
  ['on', '0m', 'must end'],
  ['on', 'a while', 'must end'],
  ['maybe', '2h', 'maintenance on'],
  [undefined, undefined, 'maintenance on'],
])('"maintenance %s --for %s" is refused before anybody is asked', async (what, given, why) => {
  await expect(asked(what, given)).rejects.toThrow(why);
});

async function asked(what?: string, given?: string): Promise<number | null> {
  let paused: number | null = null;
  const pause = async (minutes: number) => {
    paused = minutes;
    return 'done';
  };
  expect(await maintenance({ pause }, what, given)).toBe('done');
  return paused;
}
