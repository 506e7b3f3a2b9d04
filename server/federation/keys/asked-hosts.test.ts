import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { AskedHosts } from './asked-hosts.ts';

const name = (text: string) => text as ServerName;

test('a host is asked by ten names a minute, however these are written, and others beside it', () => {
  const hosts = new AskedHosts();
  const taken = (now: number) =>
    Array.from({ length: 12 }, (_, n) =>
      hosts.take(name(`${n % 2 ? 'EVIL' : 'evil'}.org:${n + 1}`), now),
    );
  expect(taken(0).filter(Boolean)).toHaveLength(10);
  expect(hosts.take(name('other.org:1'), 0)).toBe(true);
  expect(taken(59_999).filter(Boolean)).toEqual([]);
  expect(taken(60_000).filter(Boolean)).toHaveLength(10);
});

test('who names a host by many names keeps nobody from the server that has its own', () => {
  const hosts = new AskedHosts();
  for (let port = 1; port < 100; port++) hosts.take(name(`example.org:${port}`), 0);
  expect(hosts.take(name('example.org'), 0)).toBe(true);
});
