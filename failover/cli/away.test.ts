import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { away } from './away.ts';

const HOUR = 3_600_000;

test.each([
  [14 * HOUR, 'if it is not back before, b must be cloned anew in about 14 h'],
  [50_000, 'must be cloned anew in about 50 s'],
  [50 * 60_000, 'must be cloned anew in about 50 min'],
  [72 * HOUR, 'must be cloned anew in about 3 days'],
  [
    0,
    'which is NO LONGER KEPT for it: b must be cloned anew, which is done by itself once it is back',
  ],
  [null, 'which is kept for it.'],
])(
  'of a site that is away it is told what it lacks, and that it must be cloned in %s ms',
  (cloneInMs, said) => {
    const site = siteStatus('b', { away: { lacksBytes: 2 ** 31, forMs: 2 * HOUR, cloneInMs } });
    expect(told(site)).toEqual([
      expect.stringContaining('b has been away for 2 h and lacks 2147 MB'),
    ]);
    expect(told(site)[0]).toContain(said);
  },
);

test('of a site that is there nothing is said', () => {
  expect(told(siteStatus('b'))).toEqual([]);
  const { away: _, ...earlier } = siteStatus('b');
  expect(told(earlier as SiteStatus)).toEqual([]);
});

const told = (site: SiteStatus): string[] => away(statusWith([site]));
