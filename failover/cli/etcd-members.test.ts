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

const said = (etcdMember: Told | null): string[] =>
  etcdMembers(statusWith([siteStatus('a'), siteStatus('b', { etcdMember })]));
