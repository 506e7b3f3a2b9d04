import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { keyNames } from '../../core/etcd/names.ts';
import { membershipAt } from '../../member/membership.ts';
import { replaceMember } from '../../member/replace.ts';
import { wasRemovedIn } from '../../member/words.ts';
import { Etcd } from './etcd.ts';
import { Gateway } from './gateway.ts';
import { membersOf } from './members.ts';

// Three real members: down to one that goes on alone, and back (docs/going-alone.md).

const missing = spawnSync('etcd', ['--version']).error !== undefined;
vi.setConfig({ testTimeout: 120_000 });
const SOON = { timeout: 60_000, interval: 100 };

type Name = 'a' | 'b' | 'c';
const NAMES = ['a', 'b', 'c'] as const;

let cluster: Cluster;
afterEach(() => cluster?.end());

test.skipIf(missing)(
  'of three members the last two shrink to one, which writes alone; who was removed does not vote with its old data, listens first, and votes again',
  async () => {
    cluster = await threeMembers();
    const [atB, atC] = [cluster.asked('b', 'c'), cluster.asked('c')];
    await vi.waitFor(() => atC.etcd.read(), SOON);
    await cluster.kill('a');

    await leave(atB, atC);
    await vi.waitFor(async () => expect(await names(atC)).toEqual(['c']), SOON);
    await vi.waitFor(() => atC.etcd.read(), SOON);
    await vi.waitFor(() => expect(cluster.ended('b')).toBe(true), SOON);
    await vi.waitFor(() => expect(wasRemovedIn(cluster.words('b'))).toBe(true), SOON);

    // Nobody has told it, and it finds nobody to vote for it.
    cluster.start('a');
    await vi.waitFor(() => expect(cluster.ended('a')).toBe(true), SOON);
    await vi.waitFor(() => expect(wasRemovedIn(cluster.words('a'))).toBe(true), SOON);

    await cluster.takeIn('a');
    // One listens at a time, unless etcd is told otherwise.
    await vi.waitFor(() => expect(cluster.takeInOnce('b')).rejects.toThrow(/learner/), SOON);
    await expect(cluster.asked('a').etcd.read()).rejects.toThrow();
    await promote(atC, 'a');
    await cluster.takeIn('b');
    await vi.waitFor(() => cluster.asked('b').etcd.read(), SOON);
    await cluster.kill('c');
    await vi.waitFor(() => cluster.asked('a', 'b').etcd.read(), SOON);
  },
);

/** As core/alone/leave-etcd.ts asks for it, one after the other. */
async function leave(atB: Asked, atC: Asked): Promise<void> {
  // Who was killed may have led: then the others vote first.
  const { members } = await vi.waitFor(() => atB.members.list(), SOON);
  const idOf = (name: Name) => members.find((each) => each.name === name)!.id;
  await vi.waitFor(async () => {
    await atB.etcd.moveLeader(idOf('c')).catch(() => undefined);
    expect((await atC.etcd.leadership()).here).toBe(true);
  }, SOON);
  await vi.waitFor(() => atB.members.remove(idOf('a')), SOON);
  // Done again it changes nothing.
  await vi.waitFor(() => atB.members.remove(idOf('a')), SOON);
  await vi.waitFor(
    async () =>
      expect((await atB.members.list()).own?.toSorted()).toEqual([idOf('b'), idOf('c')].toSorted()),
    SOON,
  );
  // Not before those that stay have been connected for five seconds, says etcd.
  await vi.waitFor(() => atB.members.remove(idOf('b')), SOON);
}

async function promote(at: Asked, name: Name): Promise<void> {
  await vi.waitFor(async () => {
    const { members } = await at.members.list();
    await at.members.promote(members.find((each) => each.name === name)!.id);
  }, SOON);
  await vi.waitFor(async () => {
    const { members } = await at.members.list();
    const one = members.find((each) => each.name === name)!;
    expect(one.learner).toBe(false);
    // Done again it changes nothing.
    await at.members.promote(one.id);
  }, SOON);
}

const names = async (at: Asked): Promise<string[]> =>
  (await at.members.list()).members.map(({ name }) => name);

type Asked = ReturnType<Cluster['asked']>;
type Cluster = Awaited<ReturnType<typeof threeMembers>>;

async function threeMembers() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-members-'));
  const ports = await Promise.all(NAMES.map(async () => [await freePort(), await freePort()]));
  const urls = Object.fromEntries(
    NAMES.map((name, at) => {
      const [client, peer] = ports[at]!.map((port) => `http://127.0.0.1:${port}`);
      return [name, { client: client!, peer: peer! }];
    }),
  ) as Record<Name, { client: string; peer: string }>;
  const servers = new Map<Name, ChildProcess>();
  const said = new Map<Name, string>();
  const gateways: Gateway[] = [];
  const generations = new Map<Name, number>();
  const all = NAMES.map((name) => `${name}=${urls[name].peer}`).join();
  const start = (name: Name, initial = all, state = 'new'): void => {
    const { client, peer } = urls[name];
    const server = spawn(
      'etcd',
      [
        ...['--name', name, '--data-dir', join(folder, `${name}${generations.get(name) ?? 1}`)],
        ...['--initial-cluster', initial, '--initial-cluster-state', state],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    said.set(name, '');
    server.stderr!.on('data', (data: Buffer) =>
      said.set(name, `${said.get(name)}${data}`.slice(-65_536)),
    );
    servers.set(name, server);
  };
  for (const name of NAMES) start(name);
  /** As patroni-config/etcd-guard does it before etcd starts. */
  const takeInOnce = async (name: Name): Promise<void> => {
    const others = NAMES.filter((each) => each !== name).map((each) => new URL(urls[each].client));
    let initial = '';
    const own = { name, peerUrl: urls[name].peer, mayOnlyListen: true };
    await replaceMember(own, membershipAt(others, undefined), {
      begin: async () => undefined,
      setAside: async () => void generations.set(name, (generations.get(name) ?? 1) + 1),
      rejoin: async (with_) => {
        initial = with_;
      },
    });
    start(name, initial, 'existing');
  };
  return {
    takeInOnce,
    takeIn: (name: Name) => vi.waitFor(() => takeInOnce(name), SOON),
    start,
    words: (name: Name) => said.get(name)!,
    ended: (name: Name) => servers.get(name)!.exitCode !== null,
    kill: async (name: Name) => {
      servers.get(name)!.kill('SIGKILL');
      await once(servers.get(name)!, 'exit');
    },
    asked: (...names: Name[]) => {
      const endpoints = names.map((name) => urls[name].client);
      const gateway = new Gateway({ endpoints, deadlineMs: 2_000 });
      gateways.push(gateway);
      const etcd = new Etcd(gateway, keyNames('alone', 'alone'), names[0]!);
      return { etcd, members: membersOf(gateway) };
    },
    end: async () => {
      for (const server of servers.values()) server.kill('SIGKILL');
      await Promise.all(gateways.map((gateway) => gateway.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
