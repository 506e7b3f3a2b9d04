import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { renderTemplate } from '../../test/cluster/support/template.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { freePort } from '../../test/support/free-port.ts';
import { Etcd } from '../adapters/etcd/etcd.ts';
import { Gateway } from '../adapters/etcd/gateway.ts';
import { lastMember } from '../adapters/etcd/last-member.ts';
import { lookedAround, lookedAt } from '../adapters/etcd/own-member.ts';
import { FOUND_ON_COPY } from '../core/alone-order.ts';
import { keyNames } from '../core/etcd/names.ts';
import type { OwnEtcd } from '../core/recovery/promotion.ts';
import { followOrder } from './alone.ts';
import { startPrivately } from './private-member.ts';

// Two real members, as two sites without a witness have them, each behind the guard that starts it on hosts.

/** Of this machine, and where it has one not its own way to itself. */
const ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
const missing = spawnSync('etcd', ['--version']).error !== undefined;
vi.setConfig({ testTimeout: 180_000 });
const SOON = { timeout: 60_000, interval: 100 };
const NAMES = keyNames('farol', 'farol');

const started: { end(): Promise<void> }[] = [];
afterEach(() => Promise.all(started.splice(0).map((member) => member.end())));

test.skipIf(missing)(
  'the last of two members goes on alone with what it had, which is kept beside it, and says so in itself; who was given up does not come back to it',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    await expect(b.put('lost')).rejects.toThrow();
    await vi.waitFor(
      async () => expect(await b.whatItKnows()).toMatchObject({ isWhole: false, hasLeader: false }),
      SOON,
    );
    const own = await b.lookedAt();
    expect(own).toMatchObject({ isWhole: true, reached: [], revisions: { incarnation: 0 } });
    expect(own.members.map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(own.doors).toHaveLength(1);

    expect(await b.order(own)).toEqual({ kind: 'done' });
    // What was found is not of then.
    expect(readdirSync(join(b.folder, 'etcd'))).not.toContain(FOUND_ON_COPY);
    await vi.waitFor(() => b.put('after'), SOON);
    expect(await b.get('before')).toBe('before');
    expect(await b.get('record')).toBe('by eve');
    const then = await b.whatItKnows();
    expect(then.members.map(({ name }) => name)).toEqual(['b']);
    expect(then.view.incarnation).toMatchObject({ number: 1, site: 'b', without: ['a'] });
    expect(b.beside()).toEqual([
      'data',
      expect.stringMatching(/^data\.before-promote-\d{8}T\d{6}Z$/),
      'data.words',
    ]);

    // At its next start it is as any other.
    await b.restart();
    await vi.waitFor(() => b.put('later'), SOON);

    a.start();
    await vi.waitFor(() => expect(a.said()).toContain('permanently removed'), SOON);
    await expect(a.put('split')).rejects.toThrow();
    expect((await b.whatItKnows()).members).toHaveLength(1);

    // It does not forget that, also where nobody is there any more who would say so.
    const told = join(a.folder, 'etcd/removed');
    await vi.waitFor(() => expect(existsSync(told)).toBe(true), SOON);
    await Promise.all([a.stop(), b.stop()]);
    rmSync(told);
    a.start();
    const refused = {
      kind: 'refused',
      why: expect.stringContaining('was removed from the others'),
    };
    expect(await a.look()).toEqual(refused);
    expect(existsSync(told)).toBe(true);
    b.start();
    await vi.waitFor(() => b.put('at last'), SOON);
    await a.stop();
    await takeIn(a, b);
    await vi.waitFor(() => expect(existsSync(told)).toBe(false), SOON);
    await vi.waitFor(async () => {
      const [member] = await new Etcd(a.gateway, NAMES, 'a').members();
      expect(member).toMatchObject({ answers: true, listens: true });
    }, SOON);
  },
);

test.skipIf(missing)(
  'who was given up and returns while the promoted one is down is alone, and decides nothing',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    await b.order(await b.lookedAt());
    await vi.waitFor(() => b.put('after'), SOON);
    await b.stop();
    a.start();
    await vi.waitFor(
      () => expect(a.said()).toMatch(/is starting a new (pre-)?election|pre-candidate/i),
      SOON,
    );
    await expect(a.put('old')).rejects.toThrow();
    b.start();
    await vi.waitFor(() => b.put('later'), SOON);
    expect(await b.get('old').catch(() => 'unknown')).toBeUndefined();
  },
);

test.skipIf(missing)(
  'it is not done where another member is there after all, or etcd is not as it was shown, or it comes too late; and etcd goes on as before',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    const own = await b.lookedAt();
    a.start();
    await vi.waitFor(() => b.put('again'), SOON);
    expect(await b.order(own)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/can be reached/),
    });
    await vi.waitFor(() => b.put('and again'), SOON);
    await a.stop();
    await vi.waitFor(async () => expect((await b.whatItKnows()).hasLeader).toBe(false), SOON);
    expect(await b.order(own)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/of revision \d+, and \d+ was shown/),
    });
    const now = await b.lookedAt();
    expect(now.members.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(now.revision).toBe(own.revision + 2);
    const revisions = { ...now.revisions, sync: 5 };
    expect(await b.order({ ...now, revisions })).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/something else than was shown/),
    });
    const nothing = { seen: now, doors: [], compare: [], put: [] };
    const late = { id: 'late', boot: 'another', untilS: 9e9, ...nothing };
    writeFileSync(join(b.folder, 'etcd/alone.order'), JSON.stringify(late));
    await b.restart();
    await vi.waitFor(
      () => expect(b.said()).toContain('does not go on alone: the order came too late'),
      SOON,
    );
    for (const text of ['{', '']) {
      writeFileSync(join(b.folder, 'etcd/alone.order'), text);
      await b.restart();
      await vi.waitFor(
        () => expect(existsSync(join(b.folder, 'etcd/alone.order'))).toBe(false),
        SOON,
      );
    }
    a.start();
    await vi.waitFor(() => b.put('after'), SOON);
    expect((await b.whatItKnows()).members).toHaveLength(2);
    expect(b.beside()).toEqual(['data', 'data.words']);
  },
);

test.skipIf(missing)(
  'what it has in its log and does not know to be confirmed, the other may have confirmed to somebody: it is shown, and kept',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await vi.waitFor(() => leads(a, b), SOON);
    const { revision } = await b.whatItKnows();
    await a.stop();
    await expect(b.put(NAMES.patroniSync)).rejects.toThrow();
    const own = await b.lookedAt();
    expect(own.revisions.sync).toBe(revision + 1);
    expect(await b.order(own)).toEqual({ kind: 'done' });
    await vi.waitFor(() => b.put('after'), SOON);
    expect(await b.get(NAMES.patroniSync)).toBe(NAMES.patroniSync);
    expect(await b.get('before')).toBe('before');
  },
);

test.skipIf(missing)('an order that is given twice is carried out once', async () => {
  const [a, b] = await twoMembers();
  await vi.waitFor(() => b.put('before'), SOON);
  await a.stop();
  const own = await b.lookedAt();
  expect(await b.order(own)).toEqual({ kind: 'done' });
  await vi.waitFor(() => b.put('after'), SOON);
  expect(await b.order(own)).toMatchObject({ kind: 'refused' });
  await vi.waitFor(() => b.put('later'), SOON);
  expect((await b.whatItKnows()).view.incarnation?.number).toBe(1);
  expect(b.beside().filter((name) => name.includes('before-promote'))).toHaveLength(1);
});

test.skipIf(missing)(
  'a machine that falls in the middle is as before, or as it will be: what was decided is put in its place before etcd starts, what was not is forgotten',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    const copy = join(b.folder, 'data.promoting');
    await b.stop();
    mkdirSync(join(copy, 'member'), { recursive: true });
    b.start();
    await vi.waitFor(() => expect(existsSync(copy)).toBe(false), SOON);
    expect(await b.order(await b.lookedAt())).toEqual({ kind: 'done' });
    await vi.waitFor(() => b.put('after'), SOON);
    for (const aside of [false, true]) {
      await b.stop();
      mkdirSync(copy);
      renameSync(join(b.folder, 'data/member'), join(copy, 'member'));
      if (!aside) mkdirSync(join(b.folder, 'data/member'));
      writeFileSync(join(copy, 'decided'), '');
      b.start();
      await vi.waitFor(() => b.put('later'), SOON);
      expect(await b.get('after')).toBe('after');
      expect(existsSync(copy)).toBe(false);
    }
  },
);

test.skipIf(missing)(
  'where each of two was let go on alone, by two who did not know of each other, neither takes the other for its own',
  async () => {
    const [a, b] = await twoMembers();
    await vi.waitFor(() => b.put('before'), SOON);
    const alone: OwnEtcd[] = [];
    await a.stop();
    expect(await b.order(await b.lookedAt())).toEqual({ kind: 'done' });
    await vi.waitFor(() => b.put('after'), SOON);
    alone.push(await b.whatItKnows());
    await b.stop();
    a.start();
    expect(await a.order(await a.lookedAt())).toEqual({ kind: 'done' });
    await vi.waitFor(() => a.put('other'), SOON);
    alone.push(await a.whatItKnows());
    b.start();
    await vi.waitFor(() => b.put('later'), SOON);
    await a.put('more');
    const [first, second] = alone.map(({ view }) => view.incarnation);
    expect([first?.number, second?.number]).toEqual([1, 1]);
    expect(first?.id).not.toBe(second?.id);
    expect(await b.get('more')).toBeUndefined();
  },
);

test.skipIf(missing)(
  'once the other was lost, removed and taken in anew, it may be lost again; a member that only listens goes on alone at no time',
  { timeout: 400_000 },
  async () => {
    const [a, b] = await twoMembers({ snapshotCount: 5 });
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    expect(await b.order(await b.lookedAt())).toEqual({ kind: 'done' });
    await vi.waitFor(() => b.put('after'), SOON);

    const listens = await takeIn(a, b);
    await vi.waitFor(async () => expect(await b.names()).toEqual(['a', 'b']), SOON);
    await vi.waitFor(() => b.put('heard'), SOON);
    await b.stop();
    expect(await a.look()).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/only listens/),
    });
    b.start();
    await vi.waitFor(async () => {
      await b.gateway.ask('/v3/cluster/member/promote', { ID: listens });
    }, SOON);
    await vi.waitFor(() => a.put('votes'), SOON);

    await a.stop();
    const own = await b.lookedAt();
    expect(own.members.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(await b.order(own)).toEqual({ kind: 'done' });
    await vi.waitFor(() => b.put('later'), SOON);
    expect(await b.get('votes')).toBe('votes');
    expect((await b.whatItKnows()).view.incarnation?.number).toBe(2);
  },
);

test.skipIf(missing)(
  'etcd on a copy asks nobody: the other one, which it still knows as it starts, hears nothing of it',
  async () => {
    const [a, b] = await twoMembers({ host: ADDRESS });
    await vi.waitFor(() => b.put('before'), SOON);
    await Promise.all([a.stop(), b.stop()]);
    let heard = 0;
    const other = createServer((socket) => {
      heard++;
      socket.destroy();
    });
    other.listen(Number(new URL(a.peer).port), ADDRESS);
    await once(other, 'listening');
    const copy = join(b.folder, 'copy');
    cpSync(join(b.folder, 'data'), copy, { recursive: true });
    vi.stubEnv('ETCD_NAME', 'b');
    vi.stubEnv('ETCD_ADVERTISE_CLIENT_URLS', 'http://127.0.0.1:2379');
    const member = await startPrivately({ dataDir: copy, etcd: 'etcd', pem: undefined });
    vi.unstubAllEnvs();
    expect(await member.write([], [{ key: 'x', text: 'y' }])).toBe(true);
    await member.end();
    other.close();
    expect(heard).toBe(0);
  },
);

test('who is beside a member that says nothing is tried all the same', async () => {
  const there = createServer().listen(0, '127.0.0.1');
  await once(there, 'listening');
  const host = `127.0.0.1:${(there.address() as { port: number }).port}`;
  const around = await lookedAround({
    gateway: { askOwn: () => Promise.reject(new Error('silent')) },
    ...{ names: NAMES, site: 'b', runtimeDir: temporaryFolder(), withinMs: 1_000 },
    ...{ others: [`https://${host}`], besides: [`https://127.0.0.1:${await freePort()}`] },
  });
  there.close();
  expect(around).toEqual({ own: null, beside: { members: 2, reached: [host] } });
});

test('of an etcd that no guard of this release started nothing is ended', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'etcd'));
  const order = lastMember({ runtimeDir: folder, takenWithinMs: 300 });
  const seen = { clusterId: '1', memberId: '1', revision: 1, voters: ['1', '2'] };
  for (const words of ['', `${process.pid}\n`, '0', 'x']) {
    writeFileSync(join(folder, 'etcd/started'), words);
    const given = order({ id: 'x', seen, doors: [], compare: [], put: [] });
    await expect(given).rejects.toThrow(/started before this release/);
  }
  expect(readdirSync(join(folder, 'etcd'))).toEqual(['started']);
});

test('an error of the disk is taken for no answer: what was decided is not thrown away for it, nor are data gone on with that were given up', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  const [order, told] = [join(folder, 'alone.order'), join(folder, 'alone.json')];
  const place = { order, dataDir, tls: undefined, etcd: '/nowhere' };
  const loopAt = (path: string) => symlinkSync(path, path);
  mkdirSync(join(dataDir, 'member'), { recursive: true });
  mkdirSync(`${dataDir}.promoting`);
  writeFileSync(join(`${dataDir}.promoting`, 'decided'), 'x');
  loopAt(join(`${dataDir}.promoting`, 'member'));
  expect(await followOrder(place)).toBe(false);
  expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({ id: 'x', kind: 'decided' });
  expect(readdirSync(`${dataDir}.promoting`).sort()).toEqual(['decided', 'member']);
  expect(readdirSync(folder).filter((name) => name.includes('before-promote'))).toEqual([]);

  rmSync(`${dataDir}.promoting`, { recursive: true });
  loopAt(`${dataDir}.replacing`);
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const seen = { clusterId: '1', memberId: '1', revision: 1, voters: ['1', '2'] };
  const given = { id: 'y', boot, untilS: 1e9, seen, doors: [], compare: [], put: [] };
  writeFileSync(order, JSON.stringify(given));
  expect(await followOrder(place)).toBe(true);
  expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({
    ...{ id: 'y', kind: 'refused' },
    why: expect.stringContaining('ELOOP'),
  });
});

test('root deletes nothing but files in the folder of the user of etcd', async () => {
  const folder = temporaryFolder();
  const runtime = join(folder, 'etcd');
  mkdirSync(join(runtime, FOUND_ON_COPY), { recursive: true });
  writeFileSync(join(runtime, FOUND_ON_COPY, 'kept'), '');
  cpSync('/bin/sleep', join(folder, 'bin/etcd'));
  const child = spawn(join(folder, 'bin/etcd'), ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  started.push({ end: async () => void child.kill() });
  writeFileSync(join(runtime, 'started'), `${child.pid}\n`);
  const seen = { clusterId: '1', memberId: '1', revision: 1, voters: ['1', '2'] };
  const order = { id: 'x', seen, doors: [], compare: [], put: [] };
  expect(await lastMember({ runtimeDir: folder, takenWithinMs: 300 })(order)).toMatchObject({
    kind: 'withdrawn',
  });
  expect(readdirSync(runtime).sort()).toEqual([FOUND_ON_COPY, 'started'].sort());
  expect(existsSync(join(runtime, FOUND_ON_COPY, 'kept'))).toBe(true);
});

test.skipIf(missing)(
  'an order that nobody takes is taken back, and is not carried out by a later start',
  async () => {
    const [a, b] = await twoMembers({ program: '/nowhere' });
    await vi.waitFor(() => b.put('before'), SOON);
    await a.stop();
    expect(await b.order(await b.whatItKnows(), 2_000)).toMatchObject({ kind: 'withdrawn' });
    expect(readdirSync(join(b.folder, 'etcd'))).toEqual(['started']);
  },
);

/** As a site that was given up is taken in anew: with no data, and listening at first. */
async function takeIn(returned: Member, left: Member): Promise<string> {
  rmSync(join(returned.folder, 'data/member'), { recursive: true });
  const { member } = await left.gateway.ask<{ member: { ID: string } }>('/v3/cluster/member/add', {
    ...{ peerURLs: [returned.peer], isLearner: true },
  });
  const existing = `ETCD_INITIAL_CLUSTER=${returned.initial}\nETCD_INITIAL_CLUSTER_STATE=existing\n`;
  writeFileSync(join(returned.folder, 'data/rejoin'), existing);
  returned.start();
  return member.ID;
}

/** Its log then has what it proposed when the other was gone. */
async function leads(other: Member, one: Member): Promise<void> {
  const status = '/v3/maintenance/status';
  type Said = { leader: string; header: { member_id: string } };
  const { leader, header } = await one.gateway.askOwn<Said>(status, {});
  if (leader === header.member_id) return;
  const targetID = header.member_id;
  await other.gateway.askOwn('/v3/maintenance/transfer-leadership', { targetID });
  throw new Error('it is asked to lead');
}

type Member = ReturnType<typeof memberWith>;

const repository = join(import.meta.dirname, '../..');

async function twoMembers({
  program = repository,
  host = '127.0.0.1',
  snapshotCount = 10_000,
} = {}): Promise<[Member, Member]> {
  const folder = temporaryFolder();
  const ports = await Promise.all(['a', 'b'].map(async () => [await freePort(), await freePort()]));
  const [[clientA, peerA], [clientB, peerB]] = ports.map((pair) =>
    pair.map((port, index) => `http://${index === 0 ? '127.0.0.1' : host}:${port}`),
  ) as [[string, string], [string, string]];
  const initial = `a=${peerA},b=${peerB}`;
  const all = [
    { name: 'a', client: clientA, peer: peerA },
    { name: 'b', client: clientB, peer: peerB },
  ];
  const [a, b] = all.map((each) =>
    memberWith({ ...each, folder: join(folder, each.name), initial, program, snapshotCount }),
  ) as [Member, Member];
  for (const member of [a, b]) member.start();
  return [a, b];
}

interface Told {
  readonly name: string;
  readonly folder: string;
  readonly client: string;
  readonly peer: string;
  readonly initial: string;
  readonly program: string;
  readonly snapshotCount: number;
}

const TEMPLATE = join(repository, 'patroni-config/etcd-guard');

function memberWith({ name, folder, client, peer, initial, program, snapshotCount }: Told) {
  mkdirSync(join(folder, 'etcd'), { recursive: true });
  const guard = join(folder, 'guard');
  const values = { farol_dir: program, runtime_dir: folder, tls_dir: '/nowhere' };
  const script = renderTemplate(readFileSync(TEMPLATE, 'utf8'), values);
  writeFileSync(guard, script.replaceAll('/usr/bin/etcd', 'etcd').replaceAll('--tls /nowhere', ''));
  const env = {
    ...process.env,
    ...{ ETCD_NAME: name, ETCD_DATA_DIR: join(folder, 'data') },
    ...{ ETCD_LISTEN_CLIENT_URLS: client, ETCD_ADVERTISE_CLIENT_URLS: client },
    ...{ ETCD_LISTEN_PEER_URLS: peer, ETCD_INITIAL_ADVERTISE_PEER_URLS: peer },
    ...{ ETCD_INITIAL_CLUSTER: initial, ETCD_INITIAL_CLUSTER_STATE: 'new' },
    ETCD_SNAPSHOT_COUNT: String(snapshotCount),
  };
  const gateway = new Gateway({ endpoints: [client], deadlineMs: 2_000 });
  const key = (named: string) => Buffer.from(named).toString('base64');
  let [said, isWanted] = ['', false];
  let server: ChildProcess;
  /** As its unit has it: whenever it ends, until it is stopped. */
  const start = (): void => {
    isWanted = true;
    const one = spawn('bash', [guard], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
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
    process.kill(-server.pid!, 'SIGKILL');
    await ended;
  };
  const whatItKnows = async (): Promise<OwnEtcd> => {
    const asked = { gateway, names: NAMES, site: name, runtimeDir: folder };
    const { own } = await lookedAround({ ...asked, others: [], besides: [], withinMs: 1_000 });
    if (own === null) throw new Error('it says nothing');
    return own;
  };
  const member = {
    ...{ folder, peer, initial, start, stop, said: () => said, whatItKnows },
    look: () => lastMember({ runtimeDir: folder })({ id: randomUUID(), look: lookedAt(NAMES) }),
    lookedAt: async (): Promise<OwnEtcd> => {
      expect(await member.look()).toEqual({ kind: 'done' });
      return whatItKnows();
    },
    /** Its folders, less what does not matter here. */
    beside: () => readdirSync(folder).filter((each) => each.startsWith('data')),
    order: (own: OwnEtcd, takenWithinMs?: number) => {
      const { clusterId, memberId, revision, voters, doors, revisions, view } = own;
      const without = own.members.filter((each) => each.id !== memberId).map((each) => each.name);
      const number = (view.incarnation?.number ?? 0) + 1;
      const incarnation = { number, id: randomUUID(), site: name, without };
      const ordering = lastMember({ runtimeDir: folder, ...(takenWithinMs && { takenWithinMs }) });
      return ordering({
        ...{ id: randomUUID(), doors, seen: { clusterId, memberId, revision, voters } },
        compare: [
          { key: NAMES.patroniSync, revision: revisions.sync },
          { key: NAMES.incarnation, revision: revisions.incarnation },
        ],
        put: [
          { key: NAMES.incarnation, text: JSON.stringify(incarnation) },
          { key: 'record', text: 'by eve' },
        ],
      });
    },
    /** Of all members that have said theirs, which they do once they hear a leader. */
    names: async () => {
      const list = '/v3/cluster/member/list';
      const { members } = await gateway.askOwn<{ members: { name?: string }[] }>(list, {});
      return members.map(({ name = '' }) => name).sort();
    },
    restart: async () => {
      await stop();
      start();
    },
    gateway,
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
