import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ANSIBLE, PYTHON_IS_HERE } from './ansible.ts';

// What a roll waits for before it stops anything: the filter that reads `farol status --json`.

const onlyWithPython = test.skipIf(!PYTHON_IS_HERE);

onlyWithPython('where every site has its part, nothing speaks against stopping one', () => {
  expect(faults(well())).toEqual([]);
  expect(faults(well({ witness: true }))).toEqual([]);
});

onlyWithPython.each([
  ['no agent that answers', {}, 'its agent does not answer'],
  ['writes that wait', { writes: { kind: 'wait' } }, 'writes: wait'],
  [
    'writes that no other site confirms',
    { writes: { kind: 'unprotected' } },
    'writes: unprotected',
  ],
  ['an address elsewhere', { address: 'south' }, 'address south are not at one site'],
  ['nobody who leads', { leader: null }, 'leader None'],
  [
    'a standby that /sync does not name',
    { synchronousStandbys: ['south'] },
    'harbour may not confirm',
  ],
  [
    'a member of etcd without a leader',
    { etcd: [{ member: 'a:2379', answers: true, knowsLeader: false }] },
    "etcd's member a:2379 is not well",
  ],
  [
    'a member of etcd that is silent',
    { etcd: [{ member: 'a:2379', answers: false, knowsLeader: true }] },
    'is not well',
  ],
  [
    'a site that was never heard',
    { sites: [site('north', true), site('south')] },
    'harbour was never heard',
  ],
])('%s keeps a site from being stopped', (_, changed, told) => {
  const status = Object.keys(changed).length === 0 ? {} : { ...well(), ...changed };
  expect(faults(status).join('; ')).toContain(told);
});

onlyWithPython.each([
  ['its agent is silent', { silentMs: 6000 }, 'harbour is silent'],
  ['its server is not well', { server: { healthy: false } }, 'the server of harbour is not well'],
  ['its server is gone', { server: null }, 'the server of harbour is not well'],
  ['its front is gone', { front: null }, 'the front of harbour is not well'],
  ['its PostgreSQL only replays', { postgres: { state: 'running' } }, 'PostgreSQL of harbour'],
  ['its PostgreSQL is gone', { postgres: null }, 'PostgreSQL of harbour'],
])('no other site is stopped while of one %s', (_, changed, told) => {
  const sites = [site('north', true), site('south'), { ...site('harbour'), ...changed }];
  expect(faults({ ...well(), sites })).toEqual([expect.stringContaining(told)]);
});

onlyWithPython('a site that still leads, or has the address, is not stopped', () => {
  expect(faults(well(), 'north')).toEqual(['north still leads']);
  expect(faults(well(), 'south')).toEqual([]);
  expect(faults({ ...well(), leader: 'south', primary: 'south' }, 'north')).toContain(
    'north still leads',
  );
});

onlyWithPython(
  'what ails the site to be stopped is no reason against that, unless it leads',
  () => {
    const ailing = { ...site('harbour'), server: { healthy: false }, postgres: null };
    const status = { ...well(), sites: [site('north', true), site('south'), ailing] };
    expect(faults(status, '', 'harbour')).toEqual([]);
    expect(faults(status, '', 'south')).toHaveLength(2);
    const leads = { ...site('north', true), server: { healthy: false } };
    const led = { ...well(), sites: [leads, site('south'), site('harbour')] };
    expect(faults(led, '', 'north')).toEqual(['the server of north is not well']);
  },
);

onlyWithPython(
  'of two sites the one that no longer confirms may be stopped, and not the other',
  () => {
    const sites = well({ witness: true }).sites.map((each) =>
      each.site === 'south' ? { ...each, postgres: null } : each,
    );
    const status = { ...well(), sites, writes: { kind: 'unprotected' }, synchronousStandbys: [] };
    expect(faults(status, '', 'south')).toEqual([]);
    expect(faults(status, '', 'north')).toContain('writes: unprotected');
    expect(faults({ ...status, writes: { kind: 'none' } }, '', 'south')).toEqual(['writes: none']);
    expect(faults({ ...well(), writes: { kind: 'unprotected' } }, '', 'south')).toEqual([
      'writes: unprotected',
    ]);
  },
);

onlyWithPython(
  'what a site itself lacks keeps nobody from restarting it, or from taking it back',
  () => {
    const broken = {
      ...site('harbour'),
      silentMs: 6000,
      server: null,
      front: null,
      postgres: null,
    };
    const sites = [site('north', true), site('south'), broken];
    const status = { ...well(), synchronousStandbys: ['south'], sites };
    expect(faults(status, '', 'harbour')).toEqual([]);
    expect(faults({ ...status, sites: sites.slice(0, 2) }, '', 'harbour')).toEqual([]);
    expect(faults(status, '', 'south')).toContain('the server of harbour is not well');
  },
);

onlyWithPython.each([
  {
    what: 'all took up',
    ran: { north: ['new', 'old'], south: ['new', 'old'] },
    back: { north: 'old', south: 'old' },
  },
  {
    what: 'one took up before the upgrade stopped',
    ran: { north: ['new', 'old'], south: ['old', 'older'] },
    back: { north: 'old', south: 'old' },
  },
  {
    what: 'one took up before the first upgrade of all stopped',
    ran: { north: ['new', 'old'], south: ['old', ''] },
    back: { north: 'old', south: 'old' },
  },
  {
    what: 'one has left in a way back that stopped',
    ran: { north: ['old', 'old'], south: ['new', 'old'] },
    back: { north: 'old', south: 'old' },
  },
  {
    what: 'nobody upgraded to',
    ran: { north: ['old', ''], south: ['old', ''] },
    back: { north: '', south: '' },
  },
])('the way back from a release that $what leads all to one', ({ ran, back }) => {
  expect(filtered('farol', 'way_back', ran)).toEqual(back);
});

onlyWithPython(
  'a member of etcd that is gone for good is no reason against another in its place; any other is',
  () => {
    const etcd = [{ member: '192.0.2.13:2379', answers: false, knowsLeader: false }];
    const status = { ...well(), etcd };
    expect(faults(status, '', 'harbour')).toHaveLength(1);
    expect(faults(status, '', 'harbour', '192.0.2.13:2379')).toEqual([]);
    expect(faults(status, '', 'harbour', '192.0.2.12:2379')).toHaveLength(1);
  },
);

function faults(status: object, leaderNot = '', stopped = '', lostMember = ''): string[] {
  const members = ['north', 'south', 'harbour'];
  const told = [status, members, leaderNot, stopped, lostMember];
  return filtered('farol_faults', 'faults', ...told) as string[];
}

function filtered(plugin: string, filter: string, ...told: readonly unknown[]): unknown {
  const program = [
    'import json, sys',
    `sys.path.insert(0, ${JSON.stringify(join(ANSIBLE, 'filter_plugins'))})`,
    'sys.dont_write_bytecode = True',
    `from ${plugin} import ${filter}`,
    `print(json.dumps(${filter}(*json.load(sys.stdin))))`,
  ].join('\n');
  const input = JSON.stringify(told);
  return JSON.parse(execFileSync('python3', ['-c', program], { input, encoding: 'utf8' }));
}

function well({ witness = false } = {}) {
  return {
    leader: 'north',
    primary: 'north',
    address: 'north',
    synchronousStandbys: witness ? ['south'] : ['south', 'harbour'],
    writes: { kind: 'flow' },
    etcd: [{ member: 'north:2379', answers: true, knowsLeader: true }],
    sites: [
      site('north', true),
      site('south'),
      witness
        ? { ...site('harbour'), witness, server: null, postgres: null, front: null }
        : site('harbour'),
    ],
  };
}

function site(name: string, primary = false) {
  return {
    site: name,
    witness: false,
    silentMs: 100,
    server: { healthy: true },
    front: 'healthy',
    postgres: { state: primary ? 'running' : 'streaming' },
  };
}
