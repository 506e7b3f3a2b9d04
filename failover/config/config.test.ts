import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from './config.ts';

test.each(['192.0.2.10/24', '192.0.2.10/32', 'FD00::0:101/64'])(
  'the floating address may be %s',
  (address) => {
    expect(read(address).address?.address).toBe(address);
  },
);

test.each(['192.0.2.10', '192.0.2.10/33', '192.0.2.300/24', 'fd00::1/129', 'farol.example/24'])(
  'it may not be %s, and the operator is told at the start',
  (address) => {
    expect(() => read(address)).toThrow(
      'address.address: must be an address with the length of its prefix',
    );
  },
);

function read(address: string) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'failover.yml');
  const config = {
    cluster: 'farol',
    site: 'c',
    witness: true,
    etcd: { endpoints: ['http://127.0.0.1:2379'] },
    address: { driver: 'arp', interface: 'eth0', address },
  };
  writeFileSync(path, JSON.stringify(config));
  return readConfig(path, z.never());
}
