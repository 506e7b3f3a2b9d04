import { expect, test } from 'vitest';
import type { ServerName } from './identifiers.ts';
import { domainOfServer, hostOfServer } from './server-host.ts';

test.each([
  ['example.org', ['EXAMPLE.org', 'example.org:8448', 'Example.Org.:1', 'example.org.']],
  ['10.0.0.1', ['10.0.0.1:8448', '[::ffff:10.0.0.1]', '[::FFFF:a00:1]:99']],
  ['[2001:db8::1]', ['[2001:DB8:0::1]:8448', '[2001:db8::0:1]']],
])('%s is one host in all ways in which its name is written, and at all ports', (host, names) => {
  for (const name of [host, ...names]) expect(hostOfServer(name as ServerName)).toBe(host);
});

test('another host is another', () => {
  expect(hostOfServer('a.example.org' as ServerName)).not.toBe('example.org');
});

test.each([
  ['example.org', ['example.org', 'a.example.org', 'b.a.Example.org:1']],
  ['shop.co.uk', ['shop.co.uk', 'a.shop.co.uk']],
  ['10.0.0.1', ['10.0.0.1:8448']],
  ['[2001:db8:0:1::/64]', ['[2001:db8:0:1::1]', '[2001:db8:0:1:2:3:4:5]:1']],
  ['[2001:db8:0:0::/64]', ['[2001:db8::1]']],
  ['[1:2:3:4::/64]', ['[1:2:3:4:5:6:7::]', '[1:2:3:4::]']],
  ['[0:0:0:0::/64]', ['[::1]', '[::]']],
])('%s is what is owned by whoever has these names', (domain, names) => {
  for (const name of names) expect(domainOfServer(name as ServerName)).toBe(domain);
});
