import { expect, test } from 'vitest';
import { siteStatus } from '../../test/support/site-status.ts';
import { blocksThatStay } from './stays-blocked.ts';

test('a block that does not go is told with its site, since when, why, and where to look', () => {
  const staysBlocked = { site: 'a', why: 'nft is not there', forMs: 150_000 };
  const [said, ...more] = blocksThatStay([
    siteStatus('a'),
    siteStatus('b', { staysBlocked }),
    siteStatus('c', { staysBlocked: null }),
  ]);
  expect(said).toContain(
    'b STILL TURNS a AWAY, though it should have let it in again 3 min ago: nft is not there. ',
  );
  expect(said).toMatch(/see the log of farol-block at b\.$/);
  expect(more).toEqual([]);
});
