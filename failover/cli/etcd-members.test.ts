import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { etcdMembers } from './etcd-members.ts';

type Told = NonNullable<SiteStatus['etcdMember']>;

test('nothing is said of members that are well, nor where nothing is known of one', () => {
  expect(said({ damage: null, used: 0.59 })).toEqual([]);
  expect(said(null)).toEqual([]);
  const { etcdMember: _, ...earlier } = siteStatus('b');
  expect(etcdMembers(statusWith([earlier as SiteStatus]))).toEqual([]);
});

test('a member that was damaged is named, with why, and that nobody has to act, or who must while it waits', () => {
  const damage = { kind: 'replaced', why: 'its log is damaged', agoMs: 120_000 } as const;
  const [replaced] = said({ damage, used: 0.1 });
  expect(replaced).toContain("etcd's member of b was replaced from the others 2 min ago");
  expect(replaced).toContain('since its log is damaged. Nobody has to do anything');
  const [waits] = said({ damage: { ...damage, kind: 'waits' }, used: null });
  expect(waits).toContain("etcd's member of b does NOT START: its log is damaged.");
  expect(waits).toContain('as soon as they have a majority without it');
  expect(waits).toContain('`farol recover`');
});

test('from 60 % on a member is said to fill, and where etcd takes no write that comes first, with what can be done by hand', () => {
  expect(said({ damage: null, used: 0.605 })[0]).toContain('member of b takes 60 % of what it may');
  const member = { member: 'a:2379', answers: true, knowsLeader: true };
  const status = statusWith([siteStatus('b', { etcdMember: { damage: null, used: 1 } })]);
  const full = { ...status, etcd: [member, { ...member, noSpace: true }] };
  const [first, second] = etcdMembers(full);
  expect(first).toContain('etcd is FULL and takes no write');
  expect(first).toContain('`etcdctl alarm disarm`');
  expect(second).toContain('100 %');
});

test('where an administrator let etcd go on without a site, it is said until that votes again, and what is to be done next', () => {
  const [there, away] = [
    { member: 'b:2379', answers: true, knowsLeader: true },
    { member: 'a:2379', answers: false, knowsLeader: false },
  ];
  const status = { ...statusWith([siteStatus('a'), siteStatus('b')]), etcd: [there, away] };
  const alone = { ...status, goesOnWithout: { site: 'b', without: ['a'] } };
  const [first, ...rest] = etcdMembers(alone);
  expect(first).toContain('etcd goes on at b without a, by an administrator');
  expect(first).toContain(
    "Take a in anew once it is there: at a `sudo -u etcd sh -c 'echo given up",
  );
  expect(rest).toEqual([]);

  const damage = { kind: 'replaced', why: 'given up', agoMs: 120_000 } as const;
  const sites = [siteStatus('a', { etcdMember: { damage, used: 0.1 } }), siteStatus('b')];
  const listens = { ...away, answers: true, listens: true };
  const [still, next, replaced] = etcdMembers({ ...alone, sites, etcd: [there, listens] });
  expect(still).toContain('etcd goes on at b without a');
  expect(still).not.toContain('given up');
  expect(next).toContain('a:2379 only LISTENS');
  expect(next).toContain('`etcdctl member promote ID` until that is accepted');
  expect(replaced).toContain("etcd's member of a was replaced from the others 2 min ago");
  expect(replaced).not.toContain('Nobody has to do anything');

  expect(etcdMembers({ ...status, goesOnWithout: null })).toEqual([]);
});

test('at a site that was given up it is said, and that it must not be promoted', () => {
  const status = { ...statusWith([siteStatus('a')]), isGivenUp: true };
  const [said] = etcdMembers(status);
  expect(said).toContain("etcd's member of a was REMOVED by the others, who go on without it");
  expect(said).toContain('never `farol promote` here');
  expect(said).toContain('echo given up');
});

const said = (etcdMember: Told | null): string[] =>
  etcdMembers(statusWith([siteStatus('a'), siteStatus('b', { etcdMember })]));
