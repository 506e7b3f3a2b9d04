import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { endOfLog, faultIn } from './torn-log.ts';

/** The log of a real etcd, where this machine has one. */
const missing = spawnSync('etcd', ['--version']).error !== undefined;
const VALUE = Buffer.alloc(300, 'x');
let log: Buffer;
let end: number;

beforeAll(async () => {
  if (missing) return;
  const folder = mkdtempSync(join(tmpdir(), 'farol-torn-'));
  const wal = join(folder, 'member', 'wal');
  const server = await etcdIn(folder);
  server.kill('SIGKILL');
  await once(server, 'exit');
  log = readFileSync(join(wal, readdirSync(wal).find((name) => name.endsWith('.wal'))!));
  end = log.findLastIndex((byte) => byte !== 0) + 1;
  rmSync(folder, { recursive: true });
});

test.skipIf(missing)('the log of an etcd that was killed is whole', () => {
  expect(faultIn(log)).toBeNull();
});

test.skipIf(missing)(
  'one whose last record is not whole is told from that, wherever it is cut',
  () => {
    for (const from of [end - 1, log.lastIndexOf(VALUE) + 150]) {
      expect(faultIn(zeroed(from, end))).toBe('the last record of its log is not whole');
      expect(faultIn(log.subarray(0, from))).toBe('the last record of its log is not whole');
    }
  },
);

test.skipIf(missing)(
  'so is one with a flipped byte in it, and in its middle that is no torn end',
  () => {
    expect(faultIn(flipped(end - 1))).toBe('the last record of its log is not whole');
    expect(faultIn(flipped(log.indexOf(VALUE) + 150))).toBe('its log is damaged');
  },
);

test.skipIf(missing)('one that goes on behind a part that is empty has lost that part', () => {
  const behind = Buffer.from(log);
  behind[end + 4096] = 1;
  expect(faultIn(behind)).toBe('a part of its log is empty');
});

test('where there is no log there is nothing to say', async () => {
  expect(await endOfLog(join(tmpdir(), 'farol-no-such-folder'))).toBeNull();
});

function flipped(at: number): Buffer {
  const other = Buffer.from(log);
  other[at]! ^= 0xff;
  return other;
}

function zeroed(from: number, to: number): Buffer {
  return Buffer.from(log).fill(0, from, to);
}

/** Once it has taken a few writes. */
async function etcdIn(folder: string): Promise<ChildProcess> {
  const [client, peer] = [await freePort(), await freePort()].map(
    (port) => `http://127.0.0.1:${port}`,
  ) as [string, string];
  const server = spawn(
    'etcd',
    [
      ...['--name', 'a', '--data-dir', folder, '--initial-cluster', `a=${peer}`],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ],
    { stdio: 'ignore' },
  );
  const put = async () => {
    const value = VALUE.toString('base64');
    const body = JSON.stringify({ key: 'eA==', value });
    const answer = await fetch(`${client}/v3/kv/put`, { method: 'POST', body });
    if (!answer.ok) throw new Error(await answer.text());
  };
  await vi.waitFor(put, { interval: 100, timeout: 60_000 });
  for (let each = 0; each < 20; each++) await put();
  return server;
}
