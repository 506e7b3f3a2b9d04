import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { sickLinks } from './links.ts';

test('a way on which packets are lost or late is told of, with how many and how late', () => {
  const links = {
    b: { lost: 0.117, rttMs: 3 },
    c: { lost: 0, rttMs: 1_240 },
    d: { lost: 0.02, rttMs: 3 },
  };
  expect(told(siteStatus('a', { links }))).toEqual([
    'The NETWORK from a to b is sick: 12 % of the packets had to be sent again. See to cables, card and switch port at whichever of them more such ways begin.',
    'The NETWORK from a to c is sick: an answer takes 1.2 s. See to cables, card and switch port at whichever of them more such ways begin.',
  ]);
});

test('where packets arrive, where too few are sent, and of a silent site nothing is said', () => {
  const links = { b: { lost: null, rttMs: null }, c: { lost: 0.01, rttMs: 8 } };
  expect(told(siteStatus('a', { links }))).toEqual([]);
  const lost = { b: { lost: 0.5, rttMs: null } };
  expect(told(siteStatus('a', { links: lost, silentMs: 9_000 }))).toEqual([]);
  const { links: _, ...earlier } = siteStatus('a');
  expect(told(earlier as SiteStatus)).toEqual([]);
});

const told = (site: SiteStatus): string[] => sickLinks(statusWith([site]));
