import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import type { EffectOf, Predecessor } from '../../core/effects.ts';
import { keyNames } from '../../core/etcd/names.ts';
import type { Holds, WatchInput } from '../../core/inputs.ts';
import type { Report } from '../../core/view.ts';
import { Etcd } from './etcd.ts';
import { Gateway } from './gateway.ts';
import { watch } from './watch.ts';

/** Runs against a real etcd where this machine has one; the cluster tests have one always. */
const missing = spawnSync('etcd', ['--version']).error !== undefined;
if (missing) console.log('etcd is not installed: its adapter is tested by test/cluster only.');

let endpoint: string;
let server: ChildProcess;
const folder = mkdtempSync(join(tmpdir(), 'farol-etcd-'));

beforeAll(async () => {
  if (missing) return;
  const [client, peer] = [await freePort(), await freePort()];
  endpoint = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  server = spawn(
    'etcd',
    [
      ...['--name', 'a', '--data-dir', folder, '--initial-cluster', `a=${peers}`],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ],
    { stdio: 'ignore', env: { ...process.env, ETCD_QUOTA_BACKEND_BYTES: String(QUOTA_BYTES) } },
  );
  const etcd = open('a');
  await vi.waitFor(() => etcd.etcd.read(), { interval: 100 });
  await etcd.gateway.close();
});

afterAll(async () => {
  if (missing) return;
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
});

/** bbolt takes at least as much as this to begin with. */
const QUOTA_BYTES = 16 * 1024 ** 2;

test.skipIf(missing)('a vacant lease goes to one of two that ask at once', async () => {
  const [a, b] = [open('a', 'once').etcd, open('b', 'once').etcd];
  expect((await a.read()).leader).toEqual({ site: null, revision: 0 });
  const answers = await Promise.all([a.claim(claim({})), b.claim(claim({}))]);
  expect(answers.map(({ won }) => won).sort()).toEqual([false, true]);
  const after = await a.read();
  expect(after.leader.revision).toBe(answers.find(({ won }) => won)!.view.leader.revision);
});

test.skipIf(missing)('a holder that pulses is not deposed, a silent one is', async () => {
  const [a, b] = [open('a', 'silent').etcd, open('b', 'silent').etcd];
  const { view } = await a.claim(claim({}));
  const { revision } = view.leader;
  const before = { site: 'a', pulse: view.sites.a!.revision };
  await a.pulse(pulse({ leader: revision }));
  expect((await b.claim(claim({ revision, over: before }))).won).toBe(false);
  const now = { site: 'a', pulse: (await b.read()).sites.a!.revision };
  expect((await b.claim(claim({ revision, over: now }))).won).toBe(true);
  const refused = await a.pulse(pulse({ leader: revision }));
  expect([refused.renewed, refused.view.leader.site]).toEqual([false, 'b']);
});

test.skipIf(missing)(
  'of two machines with one name the second gets no pulse through, while the first goes on',
  async () => {
    const [first, second] = [open('a', 'twins').etcd, open('a', 'twins').etcd];
    const put = { machine: 'm', boot: '1', losses: 0 };
    const { view } = await first.pulse({ ...pulse({}), name: { ...unnamed, put } });
    expect(view.machines.a).toMatchObject(put);
    const { revision } = view.machines.a!;
    const name = { revision, put: { ...put, machine: 'n' }, over: view.sites.a!.revision };
    await first.pulse({ ...pulse({}), name: { ...unnamed, revision } });
    expect((await second.pulse({ ...pulse({}), name })).renewed).toBe(false);
    expect((await second.claim(claim({ name: revision - 1 }))).won).toBe(false);
    const last = (await second.read()).sites.a!.revision;
    expect((await second.pulse({ ...pulse({}), name: { ...name, over: last } })).renewed).toBe(
      true,
    );
    expect((await first.pulse({ ...pulse({}), name: { ...unnamed, revision } })).renewed).toBe(
      false,
    );
  },
);

test.skipIf(missing)('a released lease is vacant, and its key says that it was held', async () => {
  const { etcd } = open('a', 'released');
  const { revision } = (await etcd.claim(claim({}))).view.leader;
  const after = await etcd.release({ kind: 'release', lease: 'leader', revision });
  expect(after.leader.site).toBeNull();
  expect(after.leader.revision).toBeGreaterThan(revision);
});

test.skipIf(missing)(
  "another site's news are a hint, its mere signs of life are only seen",
  async () => {
    const [a, b] = [open('a', 'watched'), open('b', 'watched').etcd];
    const stop = new AbortController();
    let hints = 0;
    let seen = 0;
    const tell = (input: WatchInput) => {
      if (input.kind === 'hint') hints++;
      else if (input.site === 'b') seen = input.revision;
    };
    const watching = watch(a.gateway, a.names, tell, stop.signal);
    await vi.waitFor(async () => {
      await b.claim(claim({ revision: (await b.read()).leader.revision }));
      expect(hints).toBeGreaterThan(0);
    });
    await b.pulse(pulse({}));
    // What the claims had to tell comes before that.
    const sign = (await b.read()).sites.b!.revision;
    await vi.waitFor(() => expect(seen).toBe(sign));
    const before = hints;
    await b.pulse(pulse({}));
    await b.pulse({ ...pulse({}), report: { ...well, power: 'battery' } });
    await vi.waitFor(() => expect(hints).toBe(before + 1));
    const { sites } = await b.read();
    await vi.waitFor(() => expect(seen).toBe(sites.b!.revision));
    stop.abort();
    await watching;
  },
);

test.skipIf(missing)("Patroni's leader is read with what is left of its lease", async () => {
  const { etcd } = open('a', 'patroni');
  const { ID } = await post('/v3/lease/grant', { TTL: 200 });
  await post('/v3/kv/put', { key: b64('/service/patroni/leader'), value: b64('b'), lease: ID });
  const sync = JSON.stringify({ leader: 'b', sync_standby: 'a,c', quorum: 1 });
  await post('/v3/kv/put', { key: b64('/service/patroni/sync'), value: b64(sync) });
  expect((await etcd.read()).patroni).toMatchObject({
    leader: { site: 'b', lease: ID },
    sync: { leader: 'b', standbys: ['a', 'c'] },
    failover: null,
  });
  expect(await etcd.leaseLeftMs(ID)).toBeGreaterThan(100_000);
  await post('/v3/lease/revoke', { ID });
  expect(await etcd.leaseLeftMs(ID)).toBeNull();
  expect((await etcd.read()).patroni.leader).toBeNull();
});

test.skipIf(missing)("Patroni's leader key is handed over with the lease of the next", async () => {
  const { etcd, effect, to } = await wished('given');
  expect(await etcd.giveLeaderKey(effect, to)).toBe(true);
  const { leader, failover } = (await etcd.read()).patroni;
  expect([leader, failover]).toEqual([expect.objectContaining({ site: 'b', lease: to }), null]);
  expect(await etcd.giveLeaderKey(effect, to)).toBe(false);
});

test.skipIf(missing)('it is not where anything is no longer as it was seen', async () => {
  const { etcd, effect, to, scope, from } = await wished('kept');
  const stale = [{ failover: 1 }, { sync: 1 }, { config: 1 }, { leader: 1 }];
  for (const change of stale) {
    expect(await etcd.giveLeaderKey({ ...effect, ...change }, to), `${change}`).toBe(false);
  }
  expect(await etcd.giveLeaderKey(effect, from), 'a lease that is not of b').toBe(false);
  await put(`/service/${scope}/leader`, 'c', from);
  expect(await etcd.giveLeaderKey(effect, to), 'another leader').toBe(false);
  expect((await etcd.read()).patroni.leader).toMatchObject({ site: 'c', lease: from });
});

test.skipIf(missing)(
  'it is not by a leader that gave it up, or renewed it anew, in the meantime',
  async () => {
    const { etcd, effect, to, scope, from } = await wished('retaken');
    await put(`/service/${scope}/leader`, 'a', from);
    expect(await etcd.giveLeaderKey(effect, to)).toBe(false);
    expect((await etcd.read()).patroni.leader?.site).toBe('a');
  },
);

test.skipIf(missing)('a wish is taken back as long as the leader is as it was', async () => {
  const { etcd, effect, scope } = await wished('taken-back');
  await etcd.cancelSwitchover({ ...effect, lease: null });
  expect((await etcd.read()).patroni.failover).not.toBeNull();
  await etcd.cancelSwitchover(effect);
  expect((await etcd.read()).patroni.failover).toBeNull();
  await put(`/service/${scope}/failover`, '{"leader":"a","member":"b"}');
  await post('/v3/kv/deleterange', { key: b64(`/service/${scope}/leader`) });
  const { failoverRevision: failover } = (await etcd.read()).patroni;
  await etcd.cancelSwitchover({ lease: null, failover });
  expect((await etcd.read()).patroni.failover).toBeNull();
});

test.skipIf(missing)('a database that is being made is known until it has a number', async () => {
  const { etcd } = open('a', 'new');
  const key = '/service/new/initialize';
  expect(await etcd.halfMade()).toBeNull();
  await put(key, '');
  expect(await etcd.halfMade()).toBe(key);
  await put(key, '7577777777777777777');
  expect(await etcd.halfMade()).toBeNull();
});

test.skipIf(missing)(
  'an operator’s recovery is done once, where all is as it was seen, and is listed; a site without its Patroni is not chosen',
  async () => {
    const { etcd } = open('b', 'recovered');
    await put('/service/recovered/sync', '{"leader":"a","sync_standby":null,"quorum":0}');
    await open('a', 'recovered').etcd.pulse(pulse({}));
    const effect = await recoveryIn(etcd);
    await expect(etcd.recover(effect)).rejects.toThrow('Patroni of b is not in etcd');
    await put(
      '/service/recovered/members/b',
      '{"api_url":"https://b:8010/patroni"}',
      await grant(),
    );
    const stale = { ...effect, seen: { ...effect.seen, silent: { a: 1 } } };
    expect((await etcd.recover(stale)).done).toBe(false);
    expect(await etcd.recoveries()).toEqual([]);
    const { done, view } = await etcd.recover(effect);
    expect([done, view.patroni.leader?.site]).toEqual([true, 'b']);
    expect((await etcd.recover(effect)).done).toBe(false);
    expect(await etcd.recoveries()).toEqual([effect.record]);
  },
);

test.skipIf(missing)('the only member leads, and has nobody to hand over to', async () => {
  expect(await open('a').etcd.leadership()).toEqual({ here: true, others: [] });
});

test.skipIf(missing)('an etcd that is full takes writes again once room is made', async () => {
  const { gateway, etcd } = open('a', 'full');
  const value = Buffer.alloc(700_000, 'x').toString('base64');
  const put = () => gateway.ask('/v3/kv/put', { key: 'eA==', value });
  const fill = async () => {
    for (let each = 0; each < 100; each++) await put();
  };
  expect(await etcd.room()).toMatchObject({ noSpace: false, allAnswer: true });
  await expect(fill()).rejects.toThrow(/space/);
  const full = await etcd.room();
  expect(full.noSpace).toBe(true);
  expect(full.most).toBeGreaterThan(0.9);
  expect(full.own).toBe(full.most);
  expect((await etcd.members()).map(({ noSpace }) => noSpace)).toEqual([true]);
  await etcd.makeRoom();
  expect(await etcd.room()).toMatchObject({ noSpace: false });
  expect((await etcd.room()).most).toBeLessThan(0.5);
  await put();
  // Of what somebody else has thrown away before there is nothing to say.
  await etcd.makeRoom();
});

test.skipIf(missing)(
  'whom others have promised takes both leader keys in one act, and /sync is written again to the byte',
  async () => {
    const scope = 'promised';
    const { etcd, from, to } = await wished(scope);
    const b = open('b', scope).etcd;
    await put(`/service/${scope}/failover`, '{}');
    await etcd.claim(claim({}));
    const before = await b.read();
    const { leader, sync, failoverRevision, configRevision } = before.patroni;
    const block = { holder: 'a', key: leader!.revision, lease: from };
    const promise = { kind: 'promise', revision: 0, block, timeline: 1, lsn: 7 } as const;
    const { promises } = await b.writePromise(promise);
    expect(promises?.b).toMatchObject({ block, timeline: 1, lsn: 7 });
    const give: EffectOf<'give'> = {
      ...{ kind: 'give', sentAt: 0, block, sync: sync!.revision, failover: failoverRevision },
      ...{ config: configRevision, promises: { b: promises!.b!.revision }, timeline: 1, name: 0 },
      ...{ term: before.leader.revision, pulse: before.sites.a!.revision, report: well },
    };
    const late = await b.giveUponPromises({ ...give, pulse: give.pulse + 1 });
    expect([late.done, late.view.leader.site]).toEqual([false, 'a']);
    const { done, view } = await b.giveUponPromises(give);
    expect(done).toBe(true);
    expect(view.patroni.leader).toEqual({ site: 'b', lease: to, revision: view.revision });
    expect(view.leader).toEqual({ site: 'b', revision: view.revision });
    expect(view.patroni.sync).toEqual({ ...sync, revision: view.revision });
    expect(view.given).toMatchObject({ key: block.key, to: 'b' });
    expect((await etcd.pulse(pulse({ leader: before.leader.revision }))).renewed).toBe(false);
    const back = await b.takePromiseBack(promises!.b!.revision);
    expect([back.done, back.view.promises?.b?.block]).toEqual([true, null]);
    expect((await b.takePromiseBack(promises!.b!.revision)).done).toBe(false);
  },
);

test('a member that listens and answers nobody is told from one that is not there', async () => {
  const deaf = createServer(() => {}).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const { port } = deaf.address() as AddressInfo;
  // Nobody else can have that port at another address of the loopback meanwhile.
  const endpoints = ['127.0.0.1', '127.7.7.7'].map((host) => `http://${host}:${port}`);
  const gateway = new Gateway({ endpoints, deadlineMs: 200 });
  const members = await new Etcd(gateway, keyNames('farol', 'farol'), 'a').members();
  expect(members.map(({ answers, runs }) => [answers, runs])).toEqual([
    [false, true],
    [false, false],
  ]);
  await gateway.close();
  deaf.close();
});

test('a member that accepts and never answers is given up at the deadline', async () => {
  const deaf = createServer(() => {}).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const address = deaf.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const gateway = new Gateway({ endpoints: [`http://127.0.0.1:${address.port}`], deadlineMs: 200 });
  await expect(gateway.ask('/v3/kv/range', {})).rejects.toThrow();
  await gateway.close();
  deaf.close();
});

function open(site: string, cluster = 'test') {
  const gateway = new Gateway({ endpoints: [endpoint], deadlineMs: 20_000 });
  const names = keyNames(cluster, cluster);
  return { gateway, names, etcd: new Etcd(gateway, names, site) };
}

const unnamed = { revision: 0, put: null, over: null };
const pulse = (holds: Holds) =>
  ({ kind: 'pulse', sentAt: 0, holds, name: unnamed, report: well }) as const;

const claim = (known: { revision?: number; over?: Predecessor; name?: number }) =>
  ({
    kind: 'claim',
    lease: 'leader',
    sentAt: 0,
    revision: 0,
    over: null,
    name: 0,
    report: well,
    ...known,
  }) as const;

/** Patroni's keys while site a is to give way to b. */
async function wished(scope: string) {
  const { etcd } = open('a', scope);
  const [from, to] = [await grant(), await grant()];
  await put(`/service/${scope}/leader`, 'a', from);
  await put(`/service/${scope}/members/b`, '{}', to);
  await put(`/service/${scope}/sync`, '{"leader":"a","sync_standby":"b,c","quorum":1}');
  await put(`/service/${scope}/config`, '{}');
  await put(`/service/${scope}/failover`, '{"leader":"a","member":"b"}');
  const { leader, sync, failoverRevision, configRevision } = (await etcd.read()).patroni;
  const seen = {
    leader: leader!.revision,
    failover: failoverRevision,
    sync: sync!.revision,
    config: configRevision,
  };
  const effect = { kind: 'hand-over', to: 'b', lease: from, ...seen } as const;
  return { etcd, effect, scope, from, to };
}

async function recoveryIn(etcd: Etcd): Promise<EffectOf<'recover'>> {
  const { sites, patroni } = await etcd.read();
  const silent = { a: sites.a!.revision };
  const seen = { sync: patroni.sync!.revision, failover: 0, config: 0, timelines: 0, silent };
  const atStake = { kind: 'none', bytes: 0, unheardMs: 0, why: '', given: [] } as const;
  const record = {
    ...{ at: 'now', by: 'one', asked: 'b', to: 'b', confirmed: null, atStake, leaderlessMs: 0 },
    ...{ copies: [], missing: [], sync: null, acknowledging: null },
  };
  return { kind: 'recover', to: 'b', unless: ['c'], seen, timelines: null, record };
}

const grant = async () => (await post('/v3/lease/grant', { TTL: 60 })).ID;

const put = (key: string, value: string, lease?: string) =>
  post('/v3/kv/put', { key: b64(key), value: b64(value), ...(lease && { lease }) });

const b64 = (text: string) => Buffer.from(text).toString('base64');

async function post(path: string, body: object): Promise<{ ID: string }> {
  const answer = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await answer.json()) as { ID: string };
}

const well: Report = {
  witness: false,
  serverUrl: 'https://a:8481',
  server: { role: 'follower', epoch: null, position: 1, healthy: true, why: null },
  postgres: { role: 'standby', state: 'streaming', timeline: 1, lsn: '0/3000060' },
  front: 'healthy',
  frontWay: null,
  mayHoldAddress: true,
  power: 'mains',
  notCandidate: null,
  heldDown: false,
  unstable: 0,
  certificatesEnd: null,
  etcdLeader: false,
};
