import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from './config.ts';

test.each(['192.0.2.10/24', '192.0.2.10/32', 'FD00::0:101/64'])(
  'the floating address may be %s',
  (address) => {
    expect(read(arp(address)).addresses).toEqual([arp(address)]);
  },
);

test.each(['192.0.2.10', '192.0.2.10/33', '192.0.2.300/24', 'fd00::1/129', 'farol.example/24'])(
  'it may not be %s, and the operator is told at the start',
  (address) => {
    expect(() => read(arp(address))).toThrow(
      'addresses.0.address: must be an address with the length of its prefix',
    );
  },
);

test('there may be several, and a site may have none', () => {
  expect(read(arp('192.0.2.10/24'), arp('fd00::10/64')).addresses).toHaveLength(2);
  expect(read().addresses).toEqual([]);
});

test('a driver that there is not is refused at the start', () => {
  expect(() => read({ ...arp('192.0.2.10/24'), driver: 'carp' })).toThrow('addresses.0.driver:');
});

test('an IPv6 address beside a front that listens by IPv4 alone is refused: nobody would answer there', () => {
  expect(() => readSite('0.0.0.0:443', 'fd00::10/64')).toThrow(
    'front.listen: must be by IPv6 too, such as [::]:443, since fd00::10/64 is',
  );
  expect(readSite('[::]:443', 'fd00::10/64').addresses).toHaveLength(1);
  expect(readSite('0.0.0.0:443', '192.0.2.10/24').addresses).toHaveLength(1);
});

test('a name, a program and a routing daemon may carry it', () => {
  const hook = { driver: 'hook', address: '192.0.2.10', command: ['/etc/farol/address'] };
  const bgp = { driver: 'bgp', interface: 'farol0', address: '198.51.100.1/32' };
  expect(read(bgp, dns({}), hook).addresses).toEqual([
    bgp,
    { ...dns({}), ttlSeconds: 15 },
    { ...hook, withinSeconds: 10 },
  ]);
});

test.each([
  [{ servers: [] }, 'addresses.0.servers'],
  [{ servers: ['ns.example.org'] }, 'addresses.0.servers.0: must be IP or IP:PORT'],
  [{ name: 'chat' }, 'addresses.0.name: must be a name with a dot'],
  [{ name: 'chat.example.org\nsend' }, 'addresses.0.name'],
  [{ address: '192.0.2.10/24' }, 'addresses.0.address: must be an address without'],
  [{ ttlSeconds: 0 }, 'addresses.0.ttlSeconds'],
])('of a name %j is refused', (wrong, said) => {
  expect(() => read(dns(wrong))).toThrow(said);
});

const dns = (changed: object) => ({
  driver: 'dns',
  servers: ['192.0.2.53', '[fd00::53]:5353'],
  zone: 'example.org',
  name: 'chat.example.org',
  address: '192.0.2.10',
  keyFile: '/etc/farol/dns.key',
  ...changed,
});

const arp = (address: string) => ({ driver: 'arp', interface: 'eth0', address });

function read(...addresses: object[]) {
  return readFrom({ witness: true, addresses }, z.never());
}

function readSite(listen: string, address: string) {
  const url = 'https://127.0.0.1:1';
  const site = { patroni: { url }, server: { url }, front: { listen }, addresses: [arp(address)] };
  return readFrom(site, z.object({ listen: z.string() }));
}

function readFrom<Front extends { listen: string }>(special: object, front: z.ZodType<Front>) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'failover.yml');
  const config = {
    cluster: 'farol',
    site: 'c',
    etcd: { endpoints: ['http://127.0.0.1:2379'] },
    ...special,
  };
  writeFileSync(path, JSON.stringify(config));
  return readConfig(path, front);
}
