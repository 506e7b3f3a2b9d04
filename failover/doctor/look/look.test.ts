import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { statusWith } from '../../../test/support/site-status.ts';
import { openAgentSocket } from '../../status/agent-socket.ts';
import { lookAtDisks } from './disks.ts';
import { look, type Surroundings } from './look.ts';
import { publicNameOf } from './name.ts';

test('what the agent of this machine says is told, and why it says nothing where it does not', async () => {
  const folder = emptyFolder();
  const silent = await look({ ...NOWHERE, runtimeDir: folder });
  expect(silent.agent).toEqual({ kind: 'silence', why: expect.stringContaining('ENOENT') });
  const status = statusWith([]);
  const socket = await openAgentSocket(folder, {
    routing: () => null,
    status: async () => status,
    onStep: () => () => undefined,
    switchover: async () => ({ accepted: false, text: '' }),
    pause: async () => ({ accepted: false, text: '' }),
    recovery: () => ({ kind: 'refused', why: '' }),
    recover: async () => ({ accepted: false, text: '' }),
    promotion: async () => ({ kind: 'refused' as const, why: 'nothing is lost' }),
    recoveries: async () => [],
  });
  onTestFinished(() => socket.close());
  expect((await look({ ...NOWHERE, runtimeDir: folder })).agent).toEqual({ kind: 'told', status });
});

test('the floating addresses and what the name leads to are gone to, each once', async () => {
  const { doors, resolved } = await look({
    ...NOWHERE,
    name: { serverName: 'localhost:1', publicUrl: 'https://127.0.0.1:1' },
    addresses: ['127.0.0.1', '127.0.0.2'],
  });
  expect(resolved).toEqual({ kind: 'addresses', addresses: ['127.0.0.1'] });
  expect(doors.map(({ kind, address }) => [kind, address])).toEqual([
    ['shut', '127.0.0.1'],
    ['shut', '127.0.0.2'],
  ]);
});

test('a name that cannot be is said to lead nowhere', async () => {
  const name = { serverName: 'localhost:1', publicUrl: 'https://nowhere.invalid' };
  const { resolved, doors } = await look({ ...NOWHERE, name });
  expect(resolved).toEqual({ kind: 'nothing', why: expect.any(String) });
  expect(doors).toEqual([]);
});

test('the name is that of server.yml beside, unless another is told', () => {
  const folder = emptyFolder();
  const file = join(folder, 'failover.yml');
  expect(publicNameOf(file, undefined)).toBeNull();
  writeFileSync(
    join(folder, 'server.yml'),
    'serverName: example.org\npublicUrl: https://chat.example.org/\n',
  );
  expect(publicNameOf(file, undefined)).toEqual({
    serverName: 'example.org',
    publicUrl: 'https://chat.example.org',
  });
  expect(publicNameOf(file, 'other.org')).toEqual({
    serverName: 'other.org',
    publicUrl: 'https://other.org',
  });
});

test('folders on one disk are one disk, and one that is not there is left out', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'below'));
  const disks = await lookAtDisks([join(folder, 'missing'), folder, join(folder, 'below')]);
  expect(disks).toHaveLength(1);
  expect(disks[0]).toMatchObject({ path: folder, readOnly: false });
  expect(disks[0]!.freeBytes).toBeGreaterThan(0);
  expect(disks[0]!.freeBytes).toBeLessThanOrEqual(disks[0]!.bytes);
});

const NOWHERE: Surroundings = {
  site: 'a',
  runtimeDir: '/nonexistent',
  name: null,
  addresses: [],
  port: 1,
  etcd: [],
  pem: undefined,
  folders: [],
  hasUps: false,
};

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'farol-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
