import { expect, test } from 'vitest';
import { LEADING } from '../../test/support/leading.ts';
import { tells } from '../../test/support/tells.ts';
import { replay } from './told/story.ts';
import type { Report } from './view.ts';

const writerAt = (epoch: number): Partial<Report> => ({
  server: { role: 'writer', epoch, position: 0, healthy: true, why: null },
});

const MOVED_TO_B = `1000 etcd patroni b
     1010 told follower
     1020 released leader
     1030 etcd leader b 60
     2010 pulsed
     3010 pulsed`;

test('the first leader of all waits for a standby, then leads', () =>
  tells(
    'first-leader',
    '',
    `0 found absent
     0 front well
     0 server follower
     0 etcd patroni a, sync -
     0 postgres primary
     10 lease 20
     400 etcd sync b
     410 won leader
     420 told taking-over
     500 server writer 7
     900 pulsed
     905 told writer 7`,
  ));

test('where etcd shows no leader and the database had one, that one may go on for a term', () =>
  tells(
    'leader-forgotten',
    '',
    `0 found absent
     0 front well
     0 server follower 5
     0 etcd patroni a
     0 postgres primary
     10 lease 20
     2000 etcd patroni a
     4000 front well
     4000 etcd patroni a
     4010 won address
     4020 held
     6000 pulsed
     7900 postgres primary
     7910 server follower 5
     7920 lease 20
     7990 etcd patroni a
     8000 etcd patroni a
     8010 won leader`,
  ));

test('a leader cut off from etcd tells nobody anything: its server and its address end by themselves', () =>
  tells(
    'cut-off-from-etcd',
    LEADING,
    `     700 tick
     3520 tick
     3530 dropped
     4000 tick
     5000 server writer 7
     7010 tick
     9000 server writer 7
     9001 refused
     9002 etcd leader b 50, address b 51, patroni b
     9003 told follower`,
    { b: writerAt(51) },
  ));

test('a cut that ends within the lease leaves everything as it was', () =>
  tells(
    'short-cut',
    LEADING,
    `     700 tick
     3000 tick
     3010 pulsed
     3015 told writer 7
     3020 held`,
  ));

test("the server's deadline is not beyond Patroni's key, though our own lease is", () =>
  tells(
    'frozen-patroni',
    LEADING,
    `     12000 lease 6
     12010 tick
     12020 pulsed
     12030 told writer 7
     13000 lease 5
     13020 pulsed
     13030 told writer 7
     14000 tick
     14020 pulsed`,
  ));

test("when Patroni's leader moves, the server is told first, then the key is released", () =>
  tells(
    'primary-moved',
    LEADING,
    `     900 postgres standby
     1000 etcd patroni b
     1010 told follower
     1020 released leader
     1030 etcd leader b 60
     2000 etcd leader b 60
     3000 etcd leader b 60
     4100 etcd leader b 60
     4200 front well
     4210 dropped
     4220 released address`,
    { b: writerAt(60) },
  ));

test('the address stays while answers behind a takeover take long', () =>
  tells(
    'address-waits',
    LEADING,
    `     ${MOVED_TO_B}
     4000 front well 3 700
     4100 etcd leader b 60
     4110 pulsed
     4200 front well 3 20
     4300 etcd leader b 60
     4400 front well 0
     4410 dropped`,
    { b: writerAt(60) },
  ));

test('an answer that never comes keeps the address for a while only', () =>
  tells(
    'address-waits-in-vain',
    LEADING,
    `     ${MOVED_TO_B}
     4000 front well 3 700
     4100 etcd leader b 60
     4110 pulsed
     6500 etcd leader b 60
     6510 pulsed
     9000 etcd leader b 60
     9010 pulsed
     12000 etcd leader b 60
     12010 pulsed
     15000 etcd leader b 60
     15010 pulsed
     18000 etcd leader b 60
     18010 pulsed
     21000 etcd leader b 60
     21010 pulsed
     23800 etcd leader b 60
     23810 pulsed
     23920 front well 3 20600
     24100 etcd leader b 60`,
    { b: writerAt(60) },
  ));

test('a server that does not answer is waited for until its last deadline', () =>
  tells(
    'silent-server',
    LEADING,
    `     900 pulsed
     1000 server silent
     1100 etcd patroni b
     3000 server silent
     7009 tick
     8000 tick`,
  ));

test('an agent that starts again goes on with the terms of the one before', () =>
  tells(
    'agent-restarts',
    '',
    `0 found present
     0 front well
     0 postgres primary
     0 server writer 7
     5 etcd leader a 5, address a 6, patroni a
     6 lease 18
     90 tick
     105 tick
     120 pulsed
     130 told writer 7
     140 held`,
  ));

test('a silent holder loses the address after 4 s, the leader key only to where the primary is', () =>
  tells(
    'site-lost',
    '',
    `0 found absent
     0 front well
     0 server follower
     0 postgres standby
     0 etcd leader b 5, address b 6, patroni b, sync a c
     500 etcd silent b
     3900 front well
     4000 etcd silent b
     4100 won address
     4150 held
     4700 pulsed
     4750 held
     5400 pulsed
     20900 etcd patroni -
     22000 postgres primary
     22000 server follower
     22010 etcd patroni a, sync -
     22020 lease 20
     22030 won leader
     22040 told taking-over
     22900 server writer 40`,
  ));

test('while Patroni is paused nothing is handed over: it would delete a key that a standby was given', () =>
  tells('paused', LEADING, '500 etcd failover a b, paused'));

test('a switchover to a site that /sync does not name is taken back', () =>
  tells(
    'switchover-taken-back',
    LEADING,
    `500 etcd sync b
     600 etcd failover a c
     700 etcd failover -`,
  ));

test('a switchover whose candidate is gone is taken back when nobody has led for 10 s', () =>
  tells(
    'switchover-unheeded',
    LEADING,
    `500 etcd failover a c
     2000 etcd patroni -
     2010 told follower
     2020 released leader
     10400 etcd patroni -
     10500 etcd patroni -
     10600 etcd failover -`,
  ));

test.each([
  ['sync a c', [0, 2_000, 4_000, 6_000, 8_000], true],
  // Who has lost its power prolongs nothing.
  ['sync a c', [0], false],
  // Only who would be the candidate asks.
  ['sync c', [0, 2_000, 4_000, 6_000, 8_000], false],
])(
  'the primary of a silent agent is asked for: %s, key prolonged at %s',
  (sync, prolonged, asks) => {
    const at = (ms: number): string => `${ms + 500} etcd ${sync}, silent b
    ${ms + 520} postgres standby${prolonged.includes(ms) ? `\n${ms + 530} lease 20` : ''}`;
    const story = `0 server follower
    10 etcd patroni b, sync-leader b, ${sync}
    ${[0, 2_000, 4_000, 6_000, 8_000, 10_000].map(at).join('\n')}`;
    expect(replay({ story }).includes('switchover from b to a')).toBe(asks);
  },
);

test('the operator is told why a site may not lead', () =>
  tells(
    'switchover-refused',
    LEADING,
    `     100 switchover a
     200 switchover b
     300 switchover d
     400 switchover c
     500 switchover c
     2850 etcd patroni c
     2900 moved`,
    { b: { notCandidate: 'its server is sick' } },
  ));

test('an accepted switchover is handed over by the primary, once', () =>
  tells(
    'handed-over',
    LEADING,
    `500 etcd failover a c
     510 pulsed
     900 etcd patroni c, failover -
     905 told follower
     910 released leader`,
  ));

test("etcd's leader does not stay at the active site", () =>
  tells(
    'etcd-leader',
    LEADING,
    `     400 etcd sync b
     500 raft here
     700 pulsed
     5000 pulsed
     9900 pulsed
     10100 raft here`,
    { c: { witness: true } },
  ));

test("etcd's leader stays while the primary's site is silent: a move would prolong its lease", () =>
  tells(
    'etcd-leader-stays',
    `0 found absent
     0 front well
     0 server follower
     0 postgres standby
     0 etcd leader b 50, address b 51, patroni b`,
    `3000 etcd silent b
     9000 etcd leader -, address -
     9010 won address
     9100 raft here
     20900 etcd patroni b
     21000 raft here
     22000 etcd patroni a
     32900 etcd patroni a
     33000 raft here`,
    { b: writerAt(51) },
  ));

test('the second of two machines with one name holds nothing, until the first has been silent (F30)', () =>
  tells(
    'twin-refused',
    '',
    `0 found present
     0 front well
     0 postgres primary
     0 server writer 7
     5 etcd machine n 1, leader a 5, address a 6, patroni a
     10 told follower
     20 dropped
     30 server follower
     40 postgres primary
     50 lease 18
     800 switchover b
     8500 etcd sync b
     9000 etcd silent a
     16900 etcd sync b c
     17100 etcd sync b
     17200 etcd machine m 2`,
  ));

test('a machine that lost its name to another start of itself does not take it back', () =>
  tells('twin-displaced', LEADING, '500 etcd machine m 3\n510 tick\n2000 etcd machine m 3'));

const LOST_TWICE = `0 found absent
     0 front well
     0 server follower
     0 postgres primary
     5 etcd machine m 1 1, leader a 5, address a 6, patroni a
     10 etcd machine m 2 2
     20 lease 18
     30 pulsed
     40 told taking-over
     50 server writer 7
     60 postgres primary`;

test('a machine that starts anew goes on at once; lost twice, it lets a stable site lead (F21)', () =>
  tells(
    'lost-twice',
    '',
    `${LOST_TWICE}
     900 moved`,
    { b: { unstable: 1 } },
  ));

test('where no other site is stable the one that was lost again and again goes on', () =>
  tells('lost-twice-alone', '', LOST_TWICE, { b: { unstable: 1 }, c: { unstable: 3 } }));

test('where its agent alone begins anew, once that has been counted out, it goes on as well', () =>
  tells(
    'lost-twice-agent-restarts',
    '',
    LOST_TWICE.replace('machine m 1 1', 'machine m 2 2').replace(/\n +10 .*/, ''),
  ));
