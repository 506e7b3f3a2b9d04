import { expect, test } from 'vitest';
import { readConfig } from './read-config.ts';
import { scanningOf } from './scanning.ts';

const read = (...options: string[]) => scanningOf(readConfig({ options, environment: {} }));

test.each([
  ['/run/clamav/clamd.ctl', { path: '/run/clamav/clamd.ctl' }],
  ['clamd.example.org:3310', { host: 'clamd.example.org', port: 3310 }],
  ['[::1]:3310', { host: '::1', port: 3310 }],
])('clamd is found at %s', (clamd, at) => {
  expect(read('--scanning-clamd', clamd)).toEqual({
    by: { kind: 'clamd', at },
    ...{ atOnce: 2, withinMs: 60_000, servesUnscanned: false },
  });
});

test('nothing is scanned unless it is wanted, and by one scanner', () => {
  expect(read()).toBeUndefined();
  expect(read('--scanning-program', '/usr/bin/scan')?.by).toEqual({
    kind: 'program',
    path: '/usr/bin/scan',
  });
  expect(read('--scanning-program', '/x', '--scanning-within-seconds', '1.2345')?.withinMs).toBe(
    1_235,
  );
  expect(() => read('--scanning-program', '/x', '--scanning-clamd', '/y')).toThrow('not both');
  expect(() => read('--scanning-at-once', '3')).toThrow('clamd or program');
  expect(() => read('--scanning-clamd', 'nowhere')).toThrow('HOST:PORT');
  for (const port of ['0', '65536', '99999'])
    expect(() => read('--scanning-clamd', `localhost:${port}`)).toThrow('from 1 to 65535');
  expect(read('--scanning-clamd', 'localhost:65535')?.by).toMatchObject({ at: { port: 65_535 } });
});
