import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { delegatedIn, findServer } from './find-server.ts';

interface World {
  readonly wellKnown?: Record<string, string>;
  readonly srv?: Record<string, { name: string; port: number; priority: number; weight: number }[]>;
  readonly random?: number;
}

async function found(name: string, { wellKnown = {}, srv = {}, random = 0 }: World = {}) {
  const asked: string[] = [];
  const way = await findServer(name as ServerName, {
    wellKnown: async (host) => {
      asked.push(`https://${host}`);
      return wellKnown[host] as ServerName | undefined;
    },
    srv: async (record) => {
      asked.push(record);
      return srv[record] ?? [];
    },
    random: () => random,
  });
  const targets = way.targets.map(({ host, port }) => `${host} ${port}`);
  return { to: targets.join(', '), certified: way.certifiedName, host: way.hostHeader, asked };
}

const record = (name: string, port: number, priority = 0, weight = 1) => ({
  ...{ name, port, priority, weight },
});

test.each([
  ['192.0.2.1', '192.0.2.1 8448', '192.0.2.1'],
  ['192.0.2.1:99', '192.0.2.1 99', '192.0.2.1'],
  ['[2001:db8::1]', '2001:db8::1 8448', '2001:db8::1'],
  ['[2001:db8::1]:99', '2001:db8::1 99', '2001:db8::1'],
  ['example.org:99', 'example.org 99', 'example.org'],
])('1, 2: %s is where it says, and nobody is asked', async (name, to, certified) => {
  expect(await found(name)).toEqual({ to, certified, host: name, asked: [] });
});

test.each([
  ['192.0.2.1', '192.0.2.1 8448'],
  ['[2001:db8::1]:99', '2001:db8::1 99'],
  ['other.org:99', 'other.org 99'],
])('3.1, 3.2: a well-known that names %s leads there without DNS', async (delegated, to) => {
  const { asked, ...way } = await found('example.org', { wellKnown: { 'example.org': delegated } });
  expect(way).toMatchObject({ to, host: delegated });
  expect(asked).toEqual(['https://example.org']);
});

test('3.3: a delegated name is looked for by SRV, and its certificate is the delegated name’s', async () => {
  const wellKnown = { 'example.org': 'other.org' };
  const srv = { '_matrix-fed._tcp.other.org': [record('host.net', 444)] };
  expect(await found('example.org', { wellKnown, srv })).toMatchObject({
    ...{ to: 'host.net 444', certified: 'other.org', host: 'other.org' },
  });
});

test('3.4, 3.5: by the old name then, and at 8448 last', async () => {
  const wellKnown = { 'example.org': 'other.org' };
  const srv = { '_matrix._tcp.other.org': [record('old.net', 445)] };
  expect(await found('example.org', { wellKnown, srv })).toMatchObject({ to: 'old.net 445' });
  expect(await found('example.org', { wellKnown })).toEqual({
    ...{ to: 'other.org 8448', certified: 'other.org', host: 'other.org' },
    asked: ['https://example.org', '_matrix-fed._tcp.other.org', '_matrix._tcp.other.org'],
  });
});

test('4, 5, 6: without a well-known the name itself is looked for, in the same order', async () => {
  const fed = { '_matrix-fed._tcp.example.org': [record('new.net', 1)] };
  const old = { '_matrix._tcp.example.org': [record('old.net', 2)] };
  const at = async (srv: World['srv']) => (await found('example.org', { ...(srv && { srv }) })).to;
  expect(await at({ ...fed, ...old })).toBe('new.net 1');
  expect(await at(old)).toBe('old.net 2');
  expect(await at({})).toBe('example.org 8448');
});

test('records go by priority, and by weighted chance within one', async () => {
  const all = [record('c', 1, 20), record('a', 1, 10, 1), record('b', 1, 10, 9)];
  const at = async (random: number) =>
    (await found('x.org', { srv: { '_matrix-fed._tcp.x.org': all }, random })).to;
  expect(await at(0)).toBe('a 1, b 1, c 1');
  expect(await at(0.5)).toBe('b 1, a 1, c 1');
});

test('a dot for a target says that there is no such service', async () => {
  const srv = { '_matrix-fed._tcp.x.org': [record('.', 0)] };
  expect((await found('x.org', { srv })).to).toBe('x.org 8448');
});

test.each<[string, string | undefined]>([
  ['{"m.server": "a.org:1"}', 'a.org:1'],
  ['{"m.server": "a b"}', undefined],
  ['{"m.server": 1}', undefined],
  ['{', undefined],
  ['[]', undefined],
  ['null', undefined],
])('a well-known that says %s delegates to %s', (text, name) => {
  expect(delegatedIn(text)).toBe(name);
});
