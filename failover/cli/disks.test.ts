import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { disks } from './disks.ts';

test('nothing is said of a disk that answers and has room, nor where nothing is known of it', () => {
  expect(said({ a: {}, b: { free: 0.11, silentMs: 4_900 } })).toEqual([]);
  expect(disks(statusWith([siteStatus('a'), siteStatus('b')]))).toEqual([]);
  const { disk: _, ...earlier } = siteStatus('b');
  expect(disks(statusWith([earlier as SiteStatus]))).toEqual([]);
});

test('a disk that does not answer is named with its site, for how long, what follows, and where to look', () => {
  const [leads] = said({ a: { silentMs: 42_000 }, b: {} });
  expect(leads).toContain('The DISK of a has not answered for 42 s');
  expect(leads).toContain('another site takes the lead if one can');
  expect(leads).toContain(
    'look at the disk, its cable, its controller or its storage network at a',
  );
  const [follows] = said({ a: {}, b: { silentMs: 300_000 } });
  expect(follows).toContain('The DISK of b has not answered for 5 min');
  expect(follows).toContain('No switchover goes to b');
});

test.each([
  [{ a: { free: 0.08 }, b: {} }, "a: 92 % of the space on PostgreSQL's disk is used; from 95 % on"],
  [
    { a: { free: 0.041 }, b: {} },
    "a: 95 % of the space on PostgreSQL's disk is used: a site with more room takes",
  ],
  [
    { a: { free: 0.03 }, b: { free: 0.04 } },
    'NO OTHER SITE IS KNOWN TO HAVE ROOM, so a leads on until it is full',
  ],
  [
    { a: {}, b: { free: 0.02 } },
    "b: 98 % of the space on PostgreSQL's disk is used: no switchover goes there",
  ],
  [
    { a: {}, b: { free: 0, scarce: 'inodes' } },
    "100 % of the inodes on PostgreSQL's disk are used",
  ],
] as const)('of %j it is said how full it is, what follows, and who must act', (each, sentence) => {
  const [first] = said(each);
  expect(first).toContain(sentence);
  expect(first).toMatch(/Make room at [ab], or enlarge that disk\.$/);
});

test('one that cannot be watched is told with the reason', () => {
  const [first] = said({ a: { trouble: 'dd: Permission denied' }, b: {} });
  expect(first).toBe(
    "Whether the disk of a answers is NOT WATCHED: dd: Permission denied. The agent's user must be able to write in patroni.postgres.probeDir there.",
  );
});

function said(each: Record<string, Partial<NonNullable<SiteStatus['disk']>>>): string[] {
  const well = { silentMs: 0, free: 0.5, scarce: 'space', trouble: null } as const;
  return disks(
    statusWith(
      Object.entries(each).map(([site, special]) =>
        siteStatus(site, { disk: { ...well, ...special } }),
      ),
    ),
  );
}
