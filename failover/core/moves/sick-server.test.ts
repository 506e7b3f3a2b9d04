import { test } from 'vitest';
import { LEADING } from '../../../test/support/leading.ts';
import { everyTwoSeconds, tells } from '../../../test/support/tells.ts';

test('a sick server is given 10 s, then another site is asked for', () =>
  tells(
    'sick-server',
    LEADING,
    `     1000 server sick 7
     3000 pulsed
     3010 told writer 7
     3020 held
     6000 pulsed
     6010 told writer 7
     6020 held
     9000 pulsed
     9010 told writer 7
     9020 held
     10900 postgres primary
     11100 server sick 7`,
  ));

test('a server that falls again and again is not waited for each time anew (F29)', () =>
  tells(
    'server-falls-again',
    LEADING,
    fallsAt(1_000) + fallsAt(4_000) + fallsAt(7_000) + fallsAt(10_000),
  ));

test('a server that fell once is as good as any before long', () =>
  tells('server-fell-once', LEADING, fallsAt(1_000) + wellUntil(30_000)));

test('commits that do not come back although another site has all cost the lead (F29)', () =>
  tells('commits-hang', LEADING, waitsUntil(14_000)));

test('commits that wait because no other site receives them are no reason to move', () =>
  tells('commits-hang-everywhere', LEADING, waitsUntil(14_000), {
    b: { postgres: behind },
    c: { notCandidate: 'its Patroni does not answer' },
  }));

/** Three seconds up, one down: it is well whenever one looks for long. */
const fallsAt = (at: number): string => `
  ${at - 100} postgres primary
  ${at} server gone
  ${at + 800} pulsed
  ${at + 1_000} server follower
  ${at + 1_300} told taking-over
  ${at + 1_500} server writer 7
  ${at + 1_900} postgres primary
  ${at + 2_200} pulsed
  ${at + 2_210} told writer 7
`;

const wellUntil = (end: number): string =>
  everyTwoSeconds(4_000, end, (at) => `${at + 20} server writer 7`);

const waitsUntil = (end: number): string =>
  everyTwoSeconds(1_000, end, (at) => `${at + 20} server writer 7 waits ${at / 1_000}`);

const behind = { role: 'standby', state: 'streaming', timeline: 1, lsn: '0' } as const;
