import { expect, test } from 'vitest';
import { LEADING } from '../../../test/support/leading.ts';
import { selfAt } from '../../../test/support/self.ts';
import { tells } from '../../../test/support/tells.ts';
import type { Input } from '../inputs.ts';
import { observe } from '../observe/observe.ts';
import { reportNow } from '../pulse/report.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { DiskReport, Report } from '../view.ts';

// F11 and F12, as stories at site a.

test('a disk that does not answer for 5 s costs the lead: the server may answer nobody, and the primary is to move', () =>
  tells(
    'disk-stalls',
    LEADING,
    `${silent(1, 8)}8100 told follower\n8110 server follower\n8200 released leader\n8300 pulsed`,
  ));

test('one that stalls for less is waited for', () =>
  tells('disk-slow', LEADING, silent(1, 4) + seconds(5, 8, () => 'disk free 50')));

test('where no other site could do better it goes on when its disk does', () =>
  tells('disk-stalls-everywhere', LEADING, silent(1, 8) + seconds(9, 11, () => 'disk free 50'), {
    b: { notCandidate: 'its disk does not answer' },
    c: { notCandidate: 'its disk does not answer' },
  }));

test('nor does it give way while an operator has paused moves', () =>
  tells('disk-stalls-paused', LEADING, `500 pause 60\n${silent(1, 8)}`));

test('nor while Patroni is paused, which would let go of a key that a standby was given', () =>
  tells('disk-stalls-patroni-paused', LEADING, `500 etcd paused\n${silent(1, 8)}`));

test('rather one that has little room than nobody', () =>
  tells('disk-stalls-others-full', LEADING, silent(1, 7), {
    b: { disk: disk({ free: 0.02 }) },
    c: { notCandidate: 'its Patroni does not answer' },
  }));

test('one whose disk has only just begun to answer again is no candidate yet', () => {
  const stalled = seen(start(selfAt('a'), 0), 10_000, disk({ silentMs: 6_000 }));
  expect(saysOfItself(stalled, 10_000)).toBe('its disk does not answer');
  const answers = seen(stalled, 12_000, disk({}));
  expect(saysOfItself(answers, 12_000)).toBe('its disk has only just begun to answer again');
  expect(saysOfItself(seen(answers, 20_000, disk({})), 20_000)).toBeNull();
});

test('what is no longer fresh says nothing', () => {
  const stalled = seen(start(selfAt('a'), 0), 10_000, disk({ silentMs: 6_000 }));
  expect(reportNow(stalled, 12_400, TIMINGS).disk).not.toBeNull();
  expect(reportNow(stalled, 12_600, TIMINGS).disk).toBeNull();
});

test('a candidate takes the key of a primary whose disk does not answer, once nobody leads and a switchover has not helped', () =>
  tells('relieved', FOLLOWING, primaryStalls('leader -'), { b: STALLED_PRIMARY }));

test('not while that one may still answer clients', () =>
  tells('not-relieved', FOLLOWING, primaryStalls('leader b 5'), { b: STALLED_PRIMARY }));

test('so is one whom Patroni elected although its disk does not answer, once who led before has been silent for a term', () =>
  tells('elected-relieved', FOLLOWING, electedStalls(12), { b: STALLED_PRIMARY }));

test('nor does one that lacks something, or another that would be preferred', () =>
  tells('not-relieved-by-that-one', FOLLOWING, primaryStalls('leader -'), {
    b: STALLED_PRIMARY,
    a: { notCandidate: 'its server is sick' },
  }));

test('before its disk is full a site leaves the lead to one that has clearly more room', () =>
  tells(
    'disk-fills',
    LEADING,
    seconds(1, 15, () => 'disk free 4'),
    {
      b: { disk: disk({ free: 0.055 }) },
      c: { disk: disk({ free: 0.3 }) },
    },
  ));

test('where all fill alike nobody moves', () =>
  tells(
    'disk-fills-everywhere',
    LEADING,
    seconds(1, 40, () => 'disk free 4'),
    {
      b: { disk: disk({ free: 0.055 }) },
      c: { disk: disk({ free: 0.03 }) },
    },
  ));

test('nor where it is not known whether another has room', () =>
  tells(
    'disk-fills-others-unknown',
    LEADING,
    seconds(1, 15, () => 'disk free 4'),
  ));

test('what fills it for a moment only moves nobody', () =>
  tells(
    'disk-fills-for-a-moment',
    LEADING,
    seconds(1, 8, () => 'disk free 4') +
      seconds(9, 10, () => 'disk free 6') +
      seconds(11, 18, () => 'disk free 4'),
    { b: { disk: disk({ free: 0.3 }) } },
  ));

test('no planned switchover goes to a site that has little room, nor does an operator’s', () =>
  tells('switchover-to-full', LEADING, '100 switchover b\n200 switchover c\n', {
    b: { disk: disk({ free: 0.049 }) },
    c: { disk: disk({ free: 0, scarce: 'inodes' }) },
  }));

test('a server that falls again and again is left all the same for one that has little room', () =>
  tells('sick-beside-full', LEADING, sickUntil(12), {
    b: { disk: disk({ free: 0.02 }) },
    c: { disk: disk({ free: 0.03 }) },
  }));

test('from a battery that is not low nobody goes to where there is little room', () =>
  tells(
    'on-battery-beside-full',
    LEADING,
    seconds(1, 8, () => 'power battery'),
    {
      b: { disk: disk({ free: 0.02 }) },
      c: { disk: disk({ free: 0.03 }) },
    },
  ));

const disk = (special: Partial<DiskReport>): DiskReport => ({
  ...{ silentMs: 0, free: 0.5, scarce: 'space', trouble: null },
  ...special,
});

const STALLED_PRIMARY: Partial<Report> = {
  postgres: { role: 'primary', state: 'running', timeline: 1, lsn: '1' },
  disk: disk({ silentMs: 6_000 }),
  notCandidate: 'its disk does not answer',
};

const FOLLOWING = `
  0 found absent
  0 front well
  0 server follower
  0 postgres standby
  0 etcd leader b 50, address b 51, patroni b, sync a c
`;

function primaryStalls(leader: string): string {
  let story = `1000 etcd ${leader}\n`;
  for (let at = 2_000; at <= 8_000; at += 1_000)
    story += `${at} pulsed\n${at + 10} postgres standby\n${at + 20} server follower\n`;
  return story;
}

/** Site c leads no more, and Patroni's key has gone to b. */
function electedStalls(seconds: number): string {
  let story = '1000 etcd leader c 5, sync a, silent c\n';
  for (let at = 2_000; at <= 1_000 * seconds; at += 1_000)
    story += `${at} pulsed\n${at + 10} postgres standby\n${at + 20} server follower\n`;
  return story;
}

/** Every second something is seen, and all else is well. */
function seconds(from: number, to: number, see: (second: number) => string): string {
  let story = '';
  for (let second = from; second <= to; second++) {
    const at = 1_000 * second;
    story += `${at} pulsed\n${at + 10} told writer 7\n${at + 15} postgres primary\n${at + 20} ${see(second)}\n`;
  }
  return story;
}

function seen(state: State, now: number, report: DiskReport): State {
  const healthy = { role: 'follower', epoch: 7, position: 0, healthy: true, why: null } as const;
  const postgres = { role: 'standby', state: 'streaming', timeline: 1, lsn: '1' } as const;
  const inputs: Input[] = [
    { kind: 'server', askedAt: now, server: healthy },
    { kind: 'postgres', postgres },
    { kind: 'disk', disk: report },
  ];
  return inputs.reduce((before, input) => observe(before, input, now, TIMINGS), state);
}

const saysOfItself = (state: State, now: number): string | null =>
  reportNow(state, now, TIMINGS).notCandidate;

const silent = (from: number, to: number): string =>
  seconds(from, to, (second) => `disk silent ${second - from + 1}`);

const sickUntil = (end: number): string => seconds(1, end, () => 'server sick');
