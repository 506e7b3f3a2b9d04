import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import { socketOf } from '../sockets.ts';
import { startExporter } from './exporter.ts';

const status = {
  ...statusWith([
    siteStatus('a', {
      server: { role: 'writer', epoch: 7, position: 42, healthy: true, why: null },
      disk: { silentMs: 6_500, free: 0.25, scarce: 'space', trouble: null },
    }),
    siteStatus('b', {
      silentMs: 9_000,
      lagBytes: 120,
      power: 'battery',
      battery: { charge: 0.5, leftMs: 90_000 },
      disk: { silentMs: null, free: null, scarce: 'space', trouble: 'Permission denied' },
      certificatesEnd: '2026-12-31T00:00:00Z',
    }),
    siteStatus('w', { witness: true, postgres: null, front: 'unknown', lagBytes: null }),
  ]),
  etcd: [
    { member: 'a:2379', answers: true, knowsLeader: true },
    { member: 'b:2379', answers: false, knowsLeader: false },
  ],
};

test('what the agent knows of the cluster is told in numbers, and what its programs measure beside it', async () => {
  const folder = runtimeFolder();
  await listenAt(folder, 'agent', json(status));
  await listenAt(folder, 'server', text('farol_epoch 7\n'));
  await listenAt(folder, 'front', text('farol_front_held 3\n'));
  const told = await scrape(await exporterOf(folder));
  for (const line of [
    'farol_up{program="agent"} 1',
    'farol_up{program="server"} 1',
    'farol_up{program="front"} 1',
    'farol_writes{kind="flow"} 1',
    'farol_writes{kind="none"} 0',
    'farol_writes_without_etcd 0',
    'farol_leader{site="a"} 1',
    'farol_leader{site="b"} 0',
    'farol_silent_seconds{site="b"} 9',
    'farol_lag_bytes{site="b"} 120',
    'farol_power{site="b",source="battery"} 1',
    'farol_power{site="b",source="mains"} 0',
    'farol_battery_left_seconds{site="b"} 90',
    'farol_battery_charge_share{site="b"} 0.5',
    'farol_server_healthy{site="a"} 1',
    'farol_server_healthy{site="b"} 0',
    'farol_postgres_takes_part{site="b"} 1',
    'farol_confirms_writes{site="b"} 1',
    'farol_disk_silent_seconds{site="a"} 6.5',
    'farol_disk_free_share{site="a"} 0.25',
    'farol_disk_watched{site="a"} 1',
    'farol_disk_watched{site="b"} 0',
    'farol_etcd_member_up{member="b:2379"} 0',
    `farol_certificates_end_seconds{site="b"} ${Date.parse('2026-12-31T00:00:00Z') / 1_000}`,
    'farol_epoch 7',
    'farol_front_held 3',
  ])
    expect(told).toContain(line);
  // A witness has no data, and what it has not is not told as a fault.
  expect(
    told.filter((line) =>
      /^farol_(server|front|postgres|confirms|lag|disk)\w*\{site="w"/.test(line),
    ),
  ).toEqual([]);
  // Nor is a disk that nobody watches told to answer, or to be full.
  expect(told.filter((line) => /^farol_disk_(silent|free)\w*\{site="b"/.test(line))).toEqual([]);
});

test('what is not known is not told as a number', async () => {
  const folder = runtimeFolder();
  await listenAt(folder, 'agent', json({ ...status, etcdSilentMs: null }));
  expect((await scrape(await exporterOf(folder))).join('\n')).not.toContain('etcd_silent');
});

test('who leads, has the address or confirms is not told while etcd does not answer', async () => {
  const folder = runtimeFolder();
  await listenAt(folder, 'agent', json({ ...status, etcdSilentMs: 3_100 }));
  const told = (await scrape(await exporterOf(folder))).join('\n');
  expect(told).toContain('farol_silent_seconds{site="b"} 9');
  expect(told).not.toMatch(/farol_(leader|primary|address_here|confirms_writes)\{/);
});

test('what a site said last is not told of it once it is silent', async () => {
  const folder = runtimeFolder();
  const sites = [siteStatus('a'), siteStatus('b', { silentMs: 11_000 })];
  await listenAt(folder, 'agent', json({ ...status, sites }));
  const told = (await scrape(await exporterOf(folder))).join('\n');
  expect(told).toContain('farol_silent_seconds{site="b"} 11');
  expect(told).toContain('farol_confirms_writes{site="b"} 1');
  expect(told).toContain('farol_server_healthy{site="a"}');
  expect(told).not.toMatch(/farol_(server_healthy|postgres_takes_part|lag_bytes|power)\{site="b"/);
});

test('a program that does not answer is told to be down, and the others are told all the same', async () => {
  const folder = runtimeFolder();
  await listenAt(folder, 'agent', json(status));
  await listenAt(folder, 'server', (_request, response) => response.writeHead(500).end());
  const told = await scrape(await exporterOf(folder));
  expect(told).toContain('farol_up{program="agent"} 1');
  expect(told).toContain('farol_up{program="server"} 0');
  expect(told).toContain('farol_up{program="front"} 0');
  expect(told).toContain('farol_up{program="etcd"} 0');
});

test('of etcd is told what decides, and not the rest', async () => {
  const etcd = createServer(
    text(
      '# HELP etcd_server_has_leader x\netcd_server_has_leader 1\ngrpc_server_handled_total 9\n',
    ),
  ).listen(0, '127.0.0.1');
  await once(etcd, 'listening');
  onTestFinished(() => void etcd.close());
  const told = await scrape(await exporterOf(runtimeFolder(), etcd.address() as AddressInfo));
  expect(told).toContain('etcd_server_has_leader 1');
  expect(told.join('\n')).not.toContain('grpc');
});

test('a witness is not told to lack what it never has', async () => {
  const told = await scrape(await exporterOf(runtimeFolder(), undefined, true));
  expect(told.join('\n')).not.toMatch(/program="(server|front)"/);
});

test('what the alerts and the dashboard ask for is measured', async () => {
  const folder = runtimeFolder();
  await listenAt(folder, 'agent', json(status));
  const told = (await scrape(await exporterOf(folder))).join('\n');
  const sources = ['server/metrics/metrics.ts', 'failover/front/health.ts'].map((file) =>
    readFileSync(join(import.meta.dirname, '../..', file), 'utf8'),
  );
  const inSources = sources.join('\n');
  // Of backups the node exporter tells, what their programs leave for it.
  const backups = { backup: 'backup.py', restore_test: 'restore_test.py' };
  const ofBackups = Object.entries(backups).flatMap(([of, file]) => {
    const text = readFileSync(
      join(import.meta.dirname, '../../ansible/roles/backup/files', file),
      'utf8',
    );
    const told = text.match(/tell\(.*/g)!.join('\n');
    return [...told.matchAll(/"(\w+)": /g)].map(([, name]) => `farol_${of}_${name}`);
  });
  const isMeasured = (name: string) =>
    ofBackups.includes(name) ||
    told.includes(`\n${name}{`) ||
    told.includes(`# TYPE ${name} `) ||
    inSources.includes(`'${name.replace(/_(bucket|sum|count)$/, '')}'`) ||
    inSources.includes(`('${name.replace(/^farol_front_|_total$/g, '')}'`);
  const asked = ['farol.rules.yml', 'farol.dashboard.json'].flatMap(
    (file) =>
      readFileSync(
        join(import.meta.dirname, '../../ansible/roles/monitoring/files', file),
        'utf8',
      ).match(/\bfarol_[a-z_]+/g) ?? [],
  );
  expect(new Set(asked).size).toBeGreaterThan(15);
  expect([...new Set(asked)].filter((name) => !isMeasured(name))).toEqual([]);
});

test('however many scrape at once, the programs are asked once at a time', async () => {
  const folder = runtimeFolder();
  const looks = { now: 0, most: 0 };
  await listenAt(folder, 'agent', (_request, response) => {
    looks.most = Math.max(looks.most, ++looks.now);
    setTimeout(() => {
      looks.now -= 1;
      response.end(JSON.stringify(status));
    }, 100);
  });
  const url = await exporterOf(folder);
  await Promise.all([scrape(url), scrape(url), scrape(url)]);
  expect(looks.most).toBe(1);
});

test('nothing but what is measured is answered', async () => {
  const url = await exporterOf(runtimeFolder());
  const other = await request(url.replace('/metrics', '/'));
  await other.body.dump();
  expect(other.statusCode).toBe(404);
});

async function exporterOf(runtimeDir: string, at?: AddressInfo, witness = false): Promise<string> {
  const etcd = `http://127.0.0.1:${at?.port ?? 1}`;
  const exporter = await startExporter('127.0.0.1:0', {
    runtimeDir,
    etcd,
    identity: undefined,
    witness,
  });
  onTestFinished(() => exporter.close());
  return `http://127.0.0.1:${exporter.port}/metrics`;
}

async function scrape(url: string): Promise<string[]> {
  const answer = await request(url);
  expect(answer.statusCode).toBe(200);
  return (await answer.body.text()).split('\n');
}

function runtimeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'farol-exporter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function listenAt(
  folder: string,
  program: 'agent' | 'server' | 'front',
  listener: RequestListener,
) {
  const path = socketOf(folder, program);
  mkdirSync(dirname(path));
  const server = createServer(listener).listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

const text =
  (body: string): RequestListener =>
  (_request, response) =>
    response.end(body);
const json = (body: object): RequestListener => text(JSON.stringify(body));
