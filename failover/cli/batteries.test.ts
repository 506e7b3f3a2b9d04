import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { batteries, shortly } from './batteries.ts';

const on = (site: string, special: Partial<SiteStatus>) => siteStatus(site, special);

test('on mains nothing is said, nor of a site that says nothing now', () => {
  const gone = on('b', { power: 'battery', silentMs: 60_000 });
  expect(batteries(statusWith([on('a', {}), gone]))).toEqual([]);
});

test('of a battery it is said how long it lasts, or that this is not known', () => {
  const known = on('b', { power: 'battery', battery: { charge: 0.83, leftMs: 720_000 } });
  const unknown = on('c', { power: 'battery' });
  expect(batteries(statusWith([known, unknown]))).toEqual([
    'b runs on its battery: it lasts about 12 min by the word of its UPS (83 % full).',
    'c runs on its battery: how long that lasts its UPS does not say.',
  ]);
  expect([known, unknown].map(shortly)).toEqual(['battery, 12 min', 'battery']);
});

test('one that ends is said in large words, and what it means for the lead', () => {
  const low = { power: 'low', battery: { charge: null, leftMs: 95_000 } } as const;
  expect(batteries(statusWith([on('a', low), on('b', low)]))).toEqual([
    'BATTERY LOW: a is about to go, it lasts about 95 s by the word of its UPS. The lead leaves it now, if any other site may have it.',
    'BATTERY LOW: b is about to go, it lasts about 95 s by the word of its UPS.',
  ]);
});

test('while moves are paused nobody is told that the lead leaves, since it does not', () => {
  const status = statusWith([on('a', { power: 'low' })]);
  const saidOf = (paused: object) => batteries({ ...status, ...paused }).join();
  expect(saidOf({})).toContain('The lead leaves it now');
  for (const paused of [{ pausedMs: 60_000 }, { patroniPaused: true }]) {
    expect(saidOf(paused)).not.toContain('leaves it now');
    expect(saidOf(paused)).toContain('so the lead stays');
  }
});
