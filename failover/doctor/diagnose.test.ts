import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus, Status } from '../status/status.ts';
import { diagnose } from './diagnose.ts';
import type { Door, Facts, OpenDoor } from './facts.ts';
import { STEPS, type StepName } from './finding.ts';
import { exitCodeOf, shown } from './shown.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const DAY = 86_400_000;
const CERTIFICATE = {
  coversName: true,
  fromMs: NOW - 30 * DAY,
  untilMs: NOW + 60 * DAY,
  signedBy: 'public',
} as const;
const FOLLOWER = { role: 'follower', epoch: 7, position: 42, healthy: true, why: null } as const;
const WRITER = { ...FOLLOWER, role: 'writer' } as const;
const NONE = { kind: 'none', sinceMs: null, confirming: [] } as const;

test('where everything is well nothing is amiss, and each step of the walk says so', () => {
  const { first, steps } = diagnose(facts());
  expect(first).toBeNull();
  expect(steps.map(({ step, kind }) => [step, kind])).toEqual(STEPS.map((step) => [step, 'well']));
});

interface Planted {
  readonly fault: string;
  readonly seen: Partial<Facts>;
  readonly step: StepName;
  readonly said: RegExp;
  readonly must: RegExp;
}

const nameTo = (address: string): Partial<Facts> => ({
  resolved: { kind: 'addresses', addresses: [address] },
});

const shows = (special: Partial<OpenDoor['certificate']>): Partial<Facts> => ({
  doors: [door({ certificate: { ...CERTIFICATE, ...special } })],
});

const OUTSIDE: Planted[] = [
  {
    fault: 'a name that no name server knows',
    seen: { resolved: { kind: 'nothing', why: 'the name servers know no such name' } },
    step: 'name',
    said: /chat\.example\.org has no address: the name servers know no such name/,
    must: /DNS of chat\.example\.org must let it lead to 192\.0\.2\.10/,
  },
  {
    fault: 'a name that leads to somebody else',
    seen: {
      ...nameTo('203.0.113.5'),
      doors: [door(), door({ address: '203.0.113.5', baseUrl: null })],
    },
    step: 'name',
    said: /leads to 203\.0\.113\.5, which is not this cluster/,
    must: /must let it lead to 192\.0\.2\.10/,
  },
  {
    fault: 'a certificate that has ended',
    seen: shows({ untilMs: NOW - DAY }),
    step: 'certificate',
    said: /at 192\.0\.2\.10 ended on 2026-11-25/,
    must: /must renew it/,
  },
  {
    fault: 'a certificate that ends in twenty days',
    seen: shows({ untilMs: NOW + 20 * DAY }),
    step: 'certificate',
    said: /ends on 2026-12-16/,
    must: /must renew it/,
  },
  {
    fault: 'a certificate that has not begun',
    seen: shows({ fromMs: NOW + DAY }),
    step: 'certificate',
    said: /begins on 2026-11-27 only, or the clock here is wrong/,
    must: /must renew it/,
  },
  {
    fault: 'a certificate of another name',
    seen: shows({ coversName: false }),
    step: 'certificate',
    said: /is not for chat\.example\.org/,
    must: /must renew it/,
  },
  {
    fault: 'a certificate of nobody whom clients know',
    seen: shows({ signedBy: 'stranger' }),
    step: 'certificate',
    said: /signed by nobody whom clients know/,
    must: /must renew it/,
  },
  {
    fault: 'a server name that sends clients elsewhere',
    seen: { wellKnown: { kind: 'told', baseUrl: 'https://old.example.org' } },
    step: 'well-known',
    said: /example\.org sends clients to https:\/\/old\.example\.org/,
    must: /web server of example\.org .*"base_url":"https:\/\/chat\.example\.org"/,
  },
  {
    fault: 'a server name that says nothing, though the server is elsewhere',
    seen: { wellKnown: { kind: 'none', status: 404 } },
    step: 'well-known',
    said: /is answered with 404/,
    must: /web server of example\.org/,
  },
  {
    fault: 'a server name where nobody answers',
    seen: { wellKnown: { kind: 'silence', why: 'connect ECONNREFUSED' } },
    step: 'well-known',
    said: /does not answer: connect ECONNREFUSED/,
    must: /web server of example\.org/,
  },
  {
    fault: 'an address where nobody answers, though its site has it',
    seen: { doors: [{ kind: 'shut', address: '192.0.2.10', why: 'connect EHOSTUNREACH' }] },
    step: 'front',
    said: /nobody answers at 192\.0\.2\.10: connect EHOSTUNREACH, though a has it/,
    must: /keeps the network between here and a/,
  },
];

const INSIDE: Planted[] = [
  {
    fault: 'a front that is dead where the address is',
    seen: {
      doors: [{ kind: 'shut', address: '192.0.2.10', why: 'connect ECONNREFUSED' }],
      ...told({}, { a: { front: 'sick' } }),
    },
    step: 'front',
    said: /the front of a, which has it, is not well/,
    must: /At a: `systemctl status farol-front`/,
  },
  {
    fault: 'a front that answers with an error while all else is well',
    seen: { doors: [door({ versions: { kind: 'answer', status: 502, tookMs: 3 } })] },
    step: 'front',
    said: /answers 502/,
    must: /farol-front/,
  },
  {
    fault: 'a front of another site that is dead',
    seen: told({}, { c: { front: 'sick' } }),
    step: 'front',
    said: /the front of c is not well/,
    must: /At c: `systemctl status farol-front`/,
  },
  {
    fault: 'a front without a way to the writer',
    seen: told({}, { c: { frontWay: { kind: 'none', forMs: 46_000 } } }),
    step: 'front',
    said: /the front of c has had no way to the writer for 46 s/,
    must: /network of c/,
  },
  {
    fault: 'an agent that does not run',
    seen: { agent: { kind: 'silence', why: 'connect ENOENT agent.sock' } },
    step: 'agent',
    said: /the agent of a does not answer: connect ENOENT/,
    must: /At a: `systemctl status farol-agent`/,
  },
  {
    fault: 'a user who may not ask the agent',
    seen: { agent: { kind: 'silence', why: 'connect EACCES agent.sock' } },
    step: 'agent',
    said: /EACCES/,
    must: /Run this as root/,
  },
  {
    fault: 'nobody who leads, for no reason that is further down',
    seen: told({ leader: null, address: null, writes: NONE }),
    step: 'leader',
    said: /nobody leads: a leads/,
    must: /site of the primary is there, and its server must open/,
  },
  {
    fault: 'a primary that is not where the leader is',
    seen: told(
      { primary: 'b', synchronousStandbys: ['a', 'c'] },
      {
        a: { postgres: { role: 'standby', state: 'streaming', timeline: 1, lsn: '1' } },
        b: { postgres: { role: 'primary', state: 'running', timeline: 1, lsn: '1' } },
      },
    ),
    step: 'leader',
    said: /a leads, and the primary is at b/,
    must: /Wait for a minute/,
  },
  {
    fault: 'an address that is not where the leader is',
    seen: told({ address: 'b' }),
    step: 'leader',
    said: /a leads, and the address is at b/,
    must: /Wait for a minute/,
  },
  {
    fault: 'a Patroni that somebody has paused',
    seen: told({ patroniPaused: true }),
    step: 'leader',
    said: /Patroni is paused/,
    must: /patronictl .* resume/,
  },
  {
    fault: 'a site that is silent',
    seen: told({}, { c: { silentMs: 200_000, front: 'unknown', postgres: null, server: null } }),
    step: 'sites',
    said: /c has been silent for 3 min/,
    must: /nearest to c: power first/,
  },
  {
    fault: 'a site that was never heard',
    seen: told({ sites: [site('a'), site('b')] }),
    step: 'sites',
    said: /1 of 3 sites was never heard/,
    must: /farol-agent/,
  },
  {
    fault: 'a server of the leader that is gone',
    seen: told({ writes: NONE }, { a: { server: null } }),
    step: 'server',
    said: /the server of a does not answer/,
    must: /At a: `systemctl status farol-server`/,
  },
  {
    fault: 'a server of another site that is sick',
    seen: told({}, { b: { server: { ...FOLLOWER, healthy: false, why: 'no database' } } }),
    step: 'server',
    said: /the server of b is sick: no database/,
    must: /At b: `systemctl status farol-server`/,
  },
  {
    fault: 'a server that does not come to write',
    seen: told(
      { writes: NONE },
      { a: { server: { ...FOLLOWER, role: 'taking-over', why: 'it reads' } } },
    ),
    step: 'server',
    said: /the server of a, which leads, has not taken over: it reads/,
    must: /At a:/,
  },
  {
    fault: 'a PostgreSQL of the primary that is gone, and a server that is sick of it',
    seen: told(
      { writes: NONE },
      { a: { postgres: null, server: { ...WRITER, healthy: false, why: null } } },
    ),
    step: 'postgresql',
    said: /Patroni of a does not answer/,
    must: /At a: `systemctl status patroni`/,
  },
  {
    fault: 'a copy with a page that a power cut has damaged',
    seen: told({}, { b: { copyDamage: 'page 7 of base/5/1 has a wrong checksum' } }),
    step: 'postgresql',
    said: /The copy of the database at b is DAMAGED: page 7 of base/,
    must: /stands at its end/,
  },
  {
    fault: 'a PostgreSQL of a standby that has crashed',
    seen: told(
      {},
      { b: { postgres: { role: 'standby', state: 'crashed', timeline: 1, lsn: '1' } } },
    ),
    step: 'postgresql',
    said: /PostgreSQL of b is crashed/,
    must: /At b: `systemctl status patroni`/,
  },
  {
    fault: 'a promotion that was refused',
    seen: told(
      {},
      { b: { refused: { kind: 'disk', why: 'no space left', agoMs: 2_000, sinceMs: 2_000 } } },
    ),
    step: 'postgresql',
    said: /b was REFUSED a promotion 2 s ago: no space left/,
    must: /at its end/,
  },
  {
    fault: 'a copy that follows nobody',
    seen: told(
      {},
      { b: { postgres: { role: 'standby', state: 'running', timeline: 1, lsn: '1' } } },
    ),
    step: 'replication',
    said: /the copy of b does not follow: it is running/,
    must: /between a and b: TCP to 5432/,
  },
  {
    fault: 'a copy that confirms nothing',
    seen: told({ synchronousStandbys: ['b'] }),
    step: 'replication',
    said: /c is not named among those that confirm writes/,
    must: /between a and c/,
  },
  {
    fault: 'a copy that is far behind',
    seen: told({}, { c: { lagBytes: 200 * 1024 * 1024 } }),
    step: 'replication',
    said: /the copy of c lacks 200 MB of the log/,
    must: /between a and c/,
  },
  {
    fault: 'commits that do not come back, though standbys follow',
    seen: told({
      writes: { kind: 'wait', sinceMs: 9_000, confirming: [] },
      explanation: { leader: 'a leads', address: '', others: '', warning: 'WRITES WAIT for 9 s' },
    }),
    step: 'replication',
    said: /WRITES WAIT for 9 s/,
    must: /Bring back a site that confirms writes/,
  },
  {
    fault: 'a member of etcd that is silent while its site is there',
    seen: told({ etcd: [member('a'), member('b'), member('c', false)] }),
    step: 'etcd',
    said: /c:2379 of etcd's members does not answer: one more, and nobody leads/,
    must: /At c:2379: `systemctl status etcd`/,
  },
  {
    fault: 'an etcd that is full',
    seen: told({ etcd: [member('a'), member('b'), { ...member('c'), noSpace: true }] }),
    step: 'etcd',
    said: /etcd is full and takes no write/,
    must: /The agent beside its leader makes room/,
  },
  {
    fault: 'a member of etcd that knows no leader',
    seen: told({ etcd: [member('a'), member('b'), { ...member('c'), knowsLeader: false }] }),
    step: 'etcd',
    said: /c:2379 of etcd's members knows no leader/,
    must: /At c:2379:/,
  },
  {
    fault: 'a key in etcd that nobody can read',
    seen: told({ unreadable: ['/service/farol/sync'] }),
    step: 'etcd',
    said: /etcd's key \/service\/farol\/sync/,
    must: /etcdctl get/,
  },
  {
    fault: 'an etcd without a majority, of which nothing else is known',
    seen: {
      doors: [{ kind: 'shut', address: '192.0.2.10', why: 'connect EHOSTUNREACH' }],
      ...told({
        address: null,
        leader: null,
        writes: { kind: 'unknown', sinceMs: null, confirming: [] },
        etcd: [member('a'), member('b', false), member('c', false)],
      }),
    },
    step: 'etcd',
    said: /etcd has no majority: of its 3 members only a:2379 answers/,
    must: /At b:2379 and c:2379: `systemctl status etcd`/,
  },
];

const OF_MACHINES: Planted[] = [
  {
    fault: 'a certificate between sites that ends soon',
    seen: told({}, { b: { certificatesEnd: '2026-12-03T00:00:00Z' } }),
    step: 'certificates',
    said: /a certificate of b ends on 2026-12-03/,
    must: /ansible-playbook site\.yml/,
  },
  {
    fault: 'a clock that all others contradict',
    seen: clockAhead(90_000, 90_000),
    step: 'clock',
    said: /the clock of a is 90 s ahead of that of b:2379/,
    must: /^At a: .*chrony/,
  },
  {
    fault: 'a clock of another site that is behind',
    seen: clockAhead(0, 5_000),
    step: 'clock',
    said: /the clock of a is 5 s ahead of that of c:2379/,
    must: /^At c:2379: /,
  },
  {
    fault: 'a clock that nobody sets',
    seen: { clock: { synchronized: false, ahead: [] } },
    step: 'clock',
    said: /nobody sets the clock of a/,
    must: /time server/,
  },
  {
    fault: 'a disk that is full',
    seen: { disks: [disk(), disk({ path: '/var/log', freeBytes: 100e6 })] },
    step: 'disks',
    said: /\/var\/log of a is full: 95 MB of 47683 MB are free/,
    must: /At a: make room/,
  },
  {
    fault: 'a large disk of which a twenty-fifth is left',
    seen: { disks: [disk({ freeBytes: 2e9 })] },
    step: 'disks',
    said: /farol of a is full: 1907 MB of 47683 MB are free/,
    must: /At a: make room/,
  },
  {
    fault: 'a disk without room for another file',
    seen: { disks: [disk({ freeFiles: 0.01 })] },
    step: 'disks',
    said: /has no room for more files/,
    must: /At a: make room/,
  },
  {
    fault: 'a disk that can only be read',
    seen: { disks: [disk({ readOnly: true })] },
    step: 'disks',
    said: /mounted for reading only/,
    must: /dmesg/,
  },
  {
    fault: 'a full disk that has ended PostgreSQL, and with it all writes',
    seen: {
      disks: [disk({ freeBytes: 0 })],
      doors: [door({ versions: { kind: 'silence', why: 'no answer within 8 s' } })],
      ...told(
        { leader: null, primary: null, address: 'a', writes: NONE },
        { a: { postgres: null, server: null } },
      ),
    },
    step: 'disks',
    said: /is full/,
    must: /At a: make room/,
  },
  {
    fault: 'a disk that takes nothing any more, though it tells how much of it is free',
    seen: {
      doors: [door({ versions: { kind: 'silence', why: 'no answer within 8 s' } })],
      ...told(
        { leader: null, writes: NONE },
        { a: { disk: { silentMs: 9_000, free: 0.6, scarce: 'space', trouble: null } } },
      ),
    },
    step: 'disks',
    said: /disk at a has not answered for 9 s/,
    must: /At a: `dmesg`/,
  },
  {
    fault: 'a disk of another site that is full',
    seen: told({}, { c: { disk: { silentMs: 0, free: 0.02, scarce: 'inodes', trouble: null } } }),
    step: 'disks',
    said: /98 % of the inodes of PostgreSQL's disk at c are used/,
    must: /At c: make room/,
  },
  {
    fault: 'a disk that nobody watches, since the agent may not write there',
    seen: told(
      {},
      { b: { disk: { silentMs: null, free: 0.6, scarce: 'space', trouble: 'Permission denied' } } },
    ),
    step: 'disks',
    said: /PostgreSQL's disk at b stops to answer nobody would notice: Permission denied/,
    must: /At b: .*patroni\.postgres\.probeDir.*site\.yml/,
  },
  {
    fault: 'a site on its battery',
    seen: told({}, { c: { power: 'battery' } }),
    step: 'power',
    said: /c runs on its battery/,
    must: /nearest to c/,
  },
  {
    fault: 'a battery that is nearly empty',
    seen: told({}, { c: { power: 'low' } }),
    step: 'power',
    said: /battery of c is nearly empty/,
    must: /nearest to c/,
  },
  {
    fault: 'a UPS that does not answer',
    seen: told({}, { a: { power: 'unknown' } }),
    step: 'power',
    said: /the UPS of a does not answer/,
    must: /nut-server/,
  },
];

test.each([...OUTSIDE, ...INSIDE, ...OF_MACHINES])(
  '$fault is what is begun with, and it is said who must do what',
  ({ seen, step, said, must }) => {
    const { first } = diagnose(facts(seen));
    expect(first).toEqual({
      step,
      said: expect.stringMatching(said),
      must: expect.stringMatching(must),
    });
  },
);

test.each([
  [
    'the address itself, behind a router',
    { ...nameTo('203.0.113.5'), doors: [door(), door({ address: '203.0.113.5' })] },
  ],
  [
    'a server name that is the host of the server, and tells nothing',
    {
      name: { serverName: 'chat.example.org', publicUrl: 'https://chat.example.org' },
      wellKnown: { kind: 'none', status: 404 },
    },
  ],
  [
    'no UPS at a site where none is configured',
    { hasUps: false, ...told({}, { a: { power: 'unknown' } }) },
  ],
  ['a clock that is less than the second off which the others tell', clockAhead(1_500, -1_500)],
  [
    'a witness, which has no server and no copy',
    told(
      {},
      { c: { witness: true, server: null, postgres: null, front: 'unknown', lagBytes: null } },
    ),
  ],
] satisfies [string, Partial<Facts>][])('%s is no fault', (_, seen) => {
  expect(diagnose(facts(seen)).first).toBeNull();
});

test.each<[string, Partial<Status>, StepName[]]>([
  ['nobody leads', { leader: null, primary: null, writes: NONE }, ['server', 'postgresql']],
  [
    'etcd is silent',
    { writes: { kind: 'unknown', sinceMs: null, confirming: [] } },
    ['server', 'postgresql', 'replication'],
  ],
])('while %s it is not said to be well what nobody can know', (_, now, of) => {
  const { steps } = diagnose(facts(told(now)));
  const kinds = steps.filter(({ step }) => of.includes(step)).map(({ kind }) => kind);
  expect(kinds).toEqual(of.map(() => 'unknown'));
});

test('at a machine that knows no name all else is looked at', () => {
  const nameless = { name: null, resolved: null, wellKnown: null };
  const { first, steps } = diagnose(facts(nameless));
  expect(first).toBeNull();
  expect(steps.filter(({ kind }) => kind === 'unknown').map(({ step }) => step)).toEqual([
    'name',
    'certificate',
    'well-known',
  ]);
});

test.each([
  ['nothing is amiss', {}, 0],
  ['writes are acknowledged all the same', told({}, { c: { front: 'sick' } }), 3],
  ['no write is', told({ writes: NONE }, { a: { server: null } }), 4],
  ['nobody tells', { agent: { kind: 'silence', why: 'connect ENOENT' } }, 5],
] satisfies [string, Partial<Facts>, number][])(
  'it ends, where %s, with a status of its own',
  (_, seen, code) => {
    expect(exitCodeOf(diagnose(facts(seen)))).toBe(code);
  },
);

test('what is shown ends with where to begin', () => {
  const lines = shown(diagnose(facts(told({}, { c: { silentMs: 9_000 } })))).split('\n');
  expect(lines).toHaveLength(STEPS.length + 3);
  expect(lines[6]).toBe('AMISS  sites         c has been silent for 9 s');
  expect(lines.at(-2)).toBe('Begin with sites: c has been silent for 9 s.');
  expect(lines.at(-1)).toMatch(/^Whoever is nearest to c/);
  expect(shown(diagnose(facts()))).toMatch(/\nNothing is amiss\.$/);
});

// What follows is hoisted, since the tables above are made of it.

function facts(seen: Partial<Facts> = {}): Facts {
  return {
    site: 'a',
    name: { serverName: 'example.org', publicUrl: 'https://chat.example.org' },
    resolved: { kind: 'addresses', addresses: ['192.0.2.10'] },
    addresses: ['192.0.2.10'],
    doors: [door()],
    wellKnown: { kind: 'told', baseUrl: 'https://chat.example.org' },
    clock: { synchronized: true, ahead: [{ member: 'b:2379', ms: 0 }] },
    disks: [disk()],
    hasUps: true,
    nowMs: NOW,
    ...(told({}) as Pick<Facts, 'agent'>),
    ...seen,
  };
}

function door(special: Partial<OpenDoor> = {}): Door {
  return {
    kind: 'open',
    address: '192.0.2.10',
    certificate: CERTIFICATE,
    versions: { kind: 'answer', status: 200, tookMs: 4 },
    baseUrl: 'https://chat.example.org',
    ...special,
  };
}

/** What the agent says of three sites that are well, but for what is planted. */
function told(
  special: Partial<Status>,
  planted: Readonly<Record<string, Partial<SiteStatus>>> = {},
): Partial<Facts> {
  const sites = ['a', 'b', 'c'].map((name) => ({ ...site(name), ...planted[name] }));
  const status: Status = {
    ...statusWith(sites),
    addresses: ['192.0.2.10/24'],
    synchronousStandbys: sites
      .filter(({ site: name, witness }) => name !== 'a' && !witness)
      .map(({ site: name }) => name),
    etcd: ['a', 'b', 'c'].map((name) => member(name)),
    ...special,
  };
  return { agent: { kind: 'told', status } };
}

function site(name: string): SiteStatus {
  return siteStatus(name, {
    server: name === 'a' ? WRITER : FOLLOWER,
    certificatesEnd: '2027-11-26T12:00:00Z',
  });
}

function disk(special: Partial<Facts['disks'][number]> = {}): Facts['disks'][number] {
  return {
    path: '/var/lib/postgresql/17/farol',
    freeBytes: 20e9,
    bytes: 50e9,
    freeFiles: 0.9,
    readOnly: false,
    ...special,
  };
}

function member(name: string, answers = true) {
  return { member: `${name}:2379`, answers, knowsLeader: answers };
}

/** Of b's clock, and of c's. */
function clockAhead(b: number, c: number): Partial<Facts> {
  const ahead = [
    { member: 'b:2379', ms: b },
    { member: 'c:2379', ms: c },
  ];
  return { clock: { synchronized: null, ahead } };
}
