import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { Status } from '../status/status.ts';
import { exitCodeOf } from './exit-code.ts';
import { lostMajority } from './lost-majority.ts';
import { outlook } from './outlook.ts';

test('while writes flow there is nothing to look out for', () => {
  expect(outlook(during('flow'))).toEqual([]);
});

test('without a majority of etcd it is said who is silent, and what would restore it', () => {
  const [etcd, truth] = outlook(during('unknown', { etcd: [member('a', true), ...silent] }));
  expect(etcd).toBe(
    'etcd has no majority: of its 3 members only a:2379 answers, and 2 must. ' +
      'Bring back 1 of b:2379, c:2379: power, network, or the program there.',
  );
  expect(truth).toBe('Nothing above is known to be true now.');
  const [alone] = outlook(during('unknown', { etcd: [member('a', false), ...silent] }));
  expect(alone).toContain('none answers, and 2 must. Bring back 2 of a:2379, b:2379, c:2379:');
});

test('of two, whoever is left is told of `farol promote`, but not at a site that the other gave up', () => {
  const etcd = [member('a', true), silent[0]!];
  expect(outlook(during('unknown', { etcd }))[0]).toContain('`farol promote`');
  expect(outlook(during('unknown', { etcd, isGivenUp: true }))[0]).not.toContain('farol promote');
  expect(lostMajority({ etcd })).toContain('farol promote, as root');
  expect(lostMajority({ etcd, isGivenUp: true })).not.toContain('farol promote, as root');
});

test('one that runs, and hears no other after a blackout, is not sent for', () => {
  const [alone] = outlook(during('unknown', { etcd: [waiting('a'), ...silent] }));
  expect(alone).toBe(
    'etcd has no majority: of its 3 members none answers, and 2 must; a:2379 runs and answers nothing, as etcd does that hears too few others. ' +
      'Bring back 1 of b:2379, c:2379: power, network, or the program there.',
  );
  const [two] = outlook(during('unknown', { etcd: [waiting('a'), waiting('b'), silent[1]!] }));
  expect(two).toContain('a:2379 and b:2379 run and answer nothing, as etcd does');
  expect(two).toContain('These are enough: if it stays so, look at TCP to 2380 between them');
});

test('an election of etcd is told from a majority that is away', () => {
  const [etcd] = outlook(during('unknown', { etcd: [member('a', true), member('b', true)] }));
  expect(etcd).toBe("2 of etcd's 2 members answer, but they have no leader yet.");
});

test('when the site of the primary is lost it is said how long its key lasts, and who comes then', () => {
  const [said] = outlook(lost({ patroniKeyLeftMs: 12_000 }));
  expect(said).toBe(
    "No writes now: Patroni's leader key of a ends in 12 s, then b takes over; writes are expected in about 16 s.",
  );
  expect(outlook(lost({ patroniKeyLeftMs: null }))[0]).toContain('b may take over at any moment');
});

test('while Patroni is paused nobody takes over', () => {
  const [said] = outlook(lost({ patroniPaused: true, patroniKeyLeftMs: 12_000 }));
  expect(said).toContain('Patroni is paused and replaces nobody; `patronictl resume`');
});

test('while the site of the primary is there it is its server that is waited for', () => {
  const [said] = outlook(lost({ sites: [siteStatus('a')], patroniKeyLeftMs: 12_000 }));
  expect(said).toBe('No writes now: the site of the primary is there, and its server must open.');
});

test('when nobody is left that may take over, it is said who must come back', () => {
  const writes = { kind: 'none', sinceMs: null } as const;
  const silentHeir = lost({ writes: { ...writes, confirming: [{ site: 'b', silentMs: 9_000 }] } });
  expect(outlook(silentHeir)[0]).toContain('only a, b have what was acknowledged, and all are');
  const noHeir = lost({ writes: { ...writes, confirming: [] } });
  expect(outlook(noHeir)[0]).toContain('only the last primary may lead; bring it back');
});

test('a script learns the state from how the command ends', () => {
  const kinds = ['flow', 'unprotected', 'wait', 'none', 'unknown'] as const;
  expect(kinds.map((kind) => exitCodeOf(during(kind)))).toEqual([0, 3, 4, 4, 5]);
  const { writes } = during('flow');
  expect(exitCodeOf({ ...during('flow'), writes: { ...writes, withoutEtcd: true } })).toBe(3);
});

const member = (name: string, answers: boolean) => ({
  member: `${name}:2379`,
  answers,
  knowsLeader: false,
});
const waiting = (name: string) => ({ ...member(name, false), runs: true });
const silent = [member('b', false), member('c', false)];

function during(kind: Status['writes']['kind'], special: Partial<Status> = {}): Status {
  const status = statusWith([siteStatus('a'), siteStatus('b')]);
  return { ...status, writes: { ...status.writes, kind }, ...special };
}

/** The site of the primary has been silent for long. */
const lost = (special: Partial<Status>): Status =>
  during('none', { sites: [siteStatus('a', { silentMs: 8_000 }), siteStatus('b')], ...special });
