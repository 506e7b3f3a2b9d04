import { expect, test } from 'vitest';
import { LEADING } from '../../test/support/leading.ts';
import { tells } from '../../test/support/tells.ts';
import { replay } from './told/story.ts';

test('a promoted writer answers nobody before /sync and /history are its own', () =>
  tells(
    'gate',
    `0 found absent
     0 front well
     0 server follower
     0 postgres standby
     0 etcd leader -, address -, patroni -, sync-leader b`,
    `100 etcd patroni a
     110 lease 20
     400 postgres primary 2
     410 won leader
     420 told taking-over
     700 server writer 40
     800 pulsed
     1400 etcd sync-leader a, sync b c
     1600 etcd timeline 2
     1610 told writer 40
     1700 pulsed`,
  ));

test('the last step before it answers: its timeline, which another site has too, is written down', () =>
  tells(
    'timeline-noted',
    PROMOTED,
    `1400 etcd sync-leader a, sync b c, timeline 2, noted 1, given 2
     1500 server writer 40
     1510 etcd noted 2
     1520 told writer 40`,
  ));

test('a leader whose timeline may lack what was acknowledged answers nobody, and says what to do', () =>
  tells(
    'timeline-behind',
    PROMOTED,
    `1400 etcd sync-leader a, sync b c, timeline 2, noted 3
     1500 server writer 40`,
  ));

test('a primary answers nobody once another site was given a number, and moves; what fails is not repeated at once', () =>
  tells(
    'given-elsewhere',
    PROMOTED,
    `1400 etcd sync-leader a, sync b c, timeline 2, noted 2 4, given 3 c
     1410 postgres primary 2
     1420 server writer 40
     1500 moved
     1600 etcd sync b c
     1900 not moved
     2000 tick
     11000 etcd sync b c
     11100 postgres primary 2
     11600 tick`,
    { b: { postgres: { role: 'standby', state: 'streaming', timeline: 2, lsn: '1' } } },
  ));

test('while Patroni is paused a primary that lacks what acknowledged stays, and it is said what to do', () => {
  const at = '1400 etcd sync-leader a, sync b c, timeline 2, noted 5';
  const told = (story: string) =>
    replay({ before: PROMOTED, story: `${story}\n1420 server writer 40` });
  expect(told(`${at}, paused`)).toContain('before `patronictl resume`');
  expect(told(at)).not.toContain('patronictl resume');
});

test('where nobody leads it is said who may be promoted, and who has not gone through what acknowledged', () =>
  tells('left-behind', '', '0 etcd patroni -, sync-leader a, sync b c, timeline 2', {
    b: { postgres: { role: 'standby', state: 'running', timeline: 2, lsn: '1' } },
  }));

test('where nobody is left who has, it is said what to do', () =>
  tells('all-left-behind', '', '0 etcd patroni -, sync-leader a, sync b c, timeline 2'));

const REFUSED = { kind: 'etcd', why: 'etcd answers 503', agoMs: 2_000, sinceMs: 2_000 } as const;

test('whom Patroni could not promote is not said to be promoted next, but why', async () => {
  await tells('refused', '', '0 etcd patroni -, sync-leader a, sync b c', {
    b: { refused: REFUSED },
  });
  await tells('all-refused', '', '0 etcd patroni -, sync-leader a, sync b', {
    b: { refused: REFUSED },
  });
});

test('where nobody leads and Patroni is paused, nobody is said to be promoted next', () =>
  tells('nobody-in-pause', '', '0 etcd patroni -, sync-leader a, sync b c, paused'));

test('a paused Patroni that may not promote and keeps its key is named, with what ends that', () =>
  tells('refused-in-pause', '', '0 etcd patroni b, sync-leader a, sync b, paused', {
    b: { refused: REFUSED },
  }));

// Without quorum Patroni names the candidate before it asks whether it may promote it.
test('of two sites one that is refused after a failover by force is named, and the command that lets the other lead', () =>
  tells('alone-refused', '', '0 etcd patroni -, sync-leader b, sync -, timeline 2, silent c', {
    a: { postgres: { role: 'standby', state: 'running', timeline: 2, lsn: '1' } },
  }));

test('but not where that one may be all that has everything', () =>
  tells('alone-cannot', '', '0 etcd patroni -, sync-leader b, sync -, timeline 1, silent c', {
    b: { refused: { ...REFUSED, kind: 'certificate', why: 'site.key cannot be read' } },
  }));

test('where the other is silent it has to come back first', () =>
  tells(
    'alone-refused-other-silent',
    '',
    `0 etcd patroni -, sync-leader b, sync -, timeline 2
     1000 etcd silent c
     6000 etcd sync -`,
    { c: { postgres: { role: 'standby', state: 'running', timeline: 2, lsn: '1' } } },
  ));

/** Up to here it leads timeline 2, and its server takes over. */
const PROMOTED = `
  0 found absent
  0 front well
  0 server follower
  0 postgres standby
  0 etcd leader -, address -, patroni -, sync-leader b
  100 etcd patroni a
  110 lease 20
  400 postgres primary 2
  410 won leader
  420 told taking-over
`;

test('while /sync names nobody, or somebody who is no site, the writer answers nobody', () =>
  tells(
    'nobody-confirms',
    LEADING,
    `500 etcd sync -
     510 told writer 7
     900 etcd sync b
     910 told writer 7
     1200 etcd sync b pg_basebackup
     1210 told writer 7
     1500 etcd sync b c
     1510 told writer 7`,
  ));
