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

test.each([
  ['icap://scan.example.org/av', { host: 'scan.example.org', port: 1_344, service: 'av' }],
  ['icap://[::1]:1345/srv/av?x=1', { host: '::1', port: 1_345, service: 'srv/av?x=1' }],
])('an ICAP server is found at %s', (icap, at) => {
  expect(read('--scanning-icap', icap)?.by).toEqual({ kind: 'icap', at });
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
  expect(() => read('--scanning-program', '/x', '--scanning-clamd', '/y')).toThrow('only one');
  expect(() => read('--scanning-icap', 'icap://a/b', '--scanning-clamd', '/y')).toThrow('only one');
  for (const icap of ['icap://a', 'http://a/b', 'icap://a/b c'])
    expect(() => read('--scanning-icap', icap)).toThrow('icap://HOST:PORT/SERVICE');
  expect(() => read('--scanning-icap', 'icap://a:65536/b')).toThrow('from 1 to 65535');
  expect(() => read('--scanning-at-once', '3')).toThrow('clamd, icap or program');
  expect(() => read('--scanning-clamd', 'nowhere')).toThrow('HOST:PORT');
  for (const port of ['0', '65536', '99999'])
    expect(() => read('--scanning-clamd', `localhost:${port}`)).toThrow('from 1 to 65535');
  expect(read('--scanning-clamd', 'localhost:65535')?.by).toMatchObject({ at: { port: 65_535 } });
});
