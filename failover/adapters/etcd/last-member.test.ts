import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { renderTemplate } from '../../../test/cluster/support/template.ts';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { Gateway } from './gateway.ts';
import { lastMember } from './last-member.ts';

// Two real members, as two sites without a witness have them, each behind the guard that starts it on hosts.

const missing = spawnSync('etcd', ['--version']).error !== undefined;
vi.setConfig({ testTimeout: 120_000 });
const SOON = { timeout: 60_000, interval: 100 };

const started: { end(): Promise<void> }[] = [];
afterEach(() => Promise.all(started.splice(0).map((member) => member.end())));

test.skipIf(missing)(
  'the last of two members goes on alone with what it had, which is kept beside it; who was given up does not come back to it',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    await expect(b.put('lost')).rejects.toThrow();
    expect(await b.last.isAlone().catch(() => false)).toBe(false);

    writeFileSync(join(b.folder, 'elsewhere'), 'as it was');
    symlinkSync(join(b.folder, 'elsewhere'), join(b.folder, 'etcd/alone.new'));
    await b.last.goOnAlone('by eve,\nwho said so');
    expect(readFileSync(join(b.folder, 'elsewhere'), 'utf8')).toBe('as it was');
    await vi.waitFor(async () => expect(await b.last.isAlone()).toBe(true), SOON);
    await b.last.writeDown({ at: 'now' });
    expect(await b.get('before')).toBe('before');
    expect(await b.get('record/now')).toBe('{"at":"now"}');
    expect(b.said()).toMatch(/goes on with this member alone.*: ordered by eve, who said so/);
    expect(readdirSync(b.folder)).toContainEqual(expect.stringMatching(/^data\.before-promote-/));

    // Once: at its next start it is as any other, and still alone.
    await b.restart();
    await vi.waitFor(() => b.put('after'), SOON);
    expect(b.said().match(/alone/g)).toHaveLength(1);

    a.start();
    await vi.waitFor(() => expect(a.said()).toContain('permanently removed'), SOON);
    await expect(a.put('split')).rejects.toThrow();
    expect(await b.last.isAlone()).toBe(true);
  },
);

test.skipIf(missing)(
  'an order that is found too late, and one that nobody can read, are not followed',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    for (const late of ['1 by eve', 'eve', '']) {
      writeFileSync(join(b.folder, 'etcd/alone'), `${late}\n`);
      await b.restart();
      await vi.waitFor(() => b.put('after'), SOON);
      expect(existsSync(join(b.folder, 'etcd/alone'))).toBe(false);
    }
    expect(b.said().match(/does not go on alone: the order came too late/g)).toHaveLength(3);
    mkdirSync(join(b.folder, 'etcd/alone'));
    await b.restart();
    await vi.waitFor(() => b.put('after'), SOON);
    expect(await b.last.isAlone()).toBe(false);
    expect(readdirSync(b.folder).filter((name) => name.includes('before-promote'))).toEqual([]);
    await a.stop();
  },
);

test('of an etcd that no guard of this release started nothing is ended', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'etcd'));
  const gateway = new Gateway({ endpoints: ['http://127.0.0.1:1'], deadlineMs: 100 });
  const last = lastMember({ runtimeDir: folder, gateway, records: 'r/' });
  for (const words of ['', `${process.pid}\n`, '0', 'x']) {
    writeFileSync(join(folder, 'etcd/started'), words);
    await expect(last.goOnAlone('by eve')).rejects.toThrow(/started before this release/);
  }
  expect(readdirSync(join(folder, 'etcd'))).toEqual(['started']);
  await gateway.close();
});

type Member = ReturnType<typeof memberWith>;

async function twoMembers(): Promise<[Member, Member]> {
  const folder = temporaryFolder();
  const ports = await Promise.all(['a', 'b'].map(async () => [await freePort(), await freePort()]));
  const [[clientA, peerA], [clientB, peerB]] = ports.map((pair) =>
    pair.map((port) => `http://127.0.0.1:${port}`),
  ) as [[string, string], [string, string]];
  const initial = `a=${peerA},b=${peerB}`;
  const a = memberWith({
    name: 'a',
    folder: join(folder, 'a'),
    client: clientA,
    peer: peerA,
    initial,
  });
  const b = memberWith({
    name: 'b',
    folder: join(folder, 'b'),
    client: clientB,
    peer: peerB,
    initial,
  });
  for (const member of [a, b]) member.start();
  return [a, b];
}

interface Told {
  readonly name: string;
  readonly folder: string;
  readonly client: string;
  readonly peer: string;
  readonly initial: string;
}

const TEMPLATE = join(import.meta.dirname, '../../../patroni-config/etcd-guard');

function memberWith({ name, folder, client, peer, initial }: Told) {
  mkdirSync(join(folder, 'etcd'), { recursive: true });
  const guard = join(folder, 'guard');
  const values = { farol_dir: '/nowhere', runtime_dir: folder, tls_dir: '/nowhere' };
  const script = renderTemplate(readFileSync(TEMPLATE, 'utf8'), values);
  writeFileSync(guard, script.replace('exec /usr/bin/etcd', 'exec etcd'));
  const env = {
    ...process.env,
    ...{ ETCD_NAME: name, ETCD_DATA_DIR: join(folder, 'data') },
    ...{ ETCD_LISTEN_CLIENT_URLS: client, ETCD_ADVERTISE_CLIENT_URLS: client },
    ...{ ETCD_LISTEN_PEER_URLS: peer, ETCD_INITIAL_ADVERTISE_PEER_URLS: peer },
    ...{ ETCD_INITIAL_CLUSTER: initial, ETCD_INITIAL_CLUSTER_STATE: 'new' },
  };
  const gateway = new Gateway({ endpoints: [client], deadlineMs: 2_000 });
  const key = (named: string) => Buffer.from(named).toString('base64');
  let [said, isWanted] = ['', false];
  let server: ChildProcess;
  /** As its unit has it: whenever it ends, until it is stopped. */
  const start = (): void => {
    isWanted = true;
    const one = spawn('bash', [guard], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    server = one;
    one.stderr!.on('data', (data: Buffer) => {
      said = `${said}${data}`.slice(-1_000_000);
    });
    one.once('exit', () => setTimeout(() => isWanted && server === one && start(), 200));
  };
  const stop = async (): Promise<void> => {
    isWanted = false;
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const member = {
    ...{ folder, start, stop, said: () => said },
    last: lastMember({ runtimeDir: folder, gateway, records: 'record/' }),
    restart: async () => {
      await stop();
      start();
    },
    put: (named: string) => gateway.ask('/v3/kv/put', { key: key(named), value: key(named) }),
    get: async (named: string) => {
      const range = { key: key(named) };
      const { kvs } = await gateway.ask<{ kvs?: { value: string }[] }>('/v3/kv/range', range);
      return kvs && Buffer.from(kvs[0]!.value, 'base64').toString();
    },
    end: async () => {
      await stop();
      await gateway.close();
    },
  };
  started.push(member);
  return member;
}
