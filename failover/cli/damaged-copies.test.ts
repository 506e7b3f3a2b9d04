import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { damagedCopies } from './damaged-copies.ts';

const copyDamage = 'page 7 of base/5/1 has a wrong checksum';

test('nothing is said of copies that are sound, nor by an agent of before', () => {
  const { copyDamage: _, ...earlier } = siteStatus('b');
  expect(damagedCopies(statusWith([siteStatus('a'), earlier as SiteStatus]))).toEqual([]);
});

test('a damaged copy is named with what is damaged in it and what comes of it: at a standby, and at the primary', () => {
  const [standby] = damagedCopies(statusWith([siteStatus('a'), siteStatus('b', { copyDamage })]));
  expect(standby).toContain(
    `The copy of the database at b is DAMAGED: ${copyDamage}. It is not promoted`,
  );
  expect(standby).toContain('made anew by itself from the primary');
  const [primary] = damagedCopies(statusWith([siteStatus('a', { copyDamage }), siteStatus('b')]));
  expect(primary).toContain('Another site takes the lead if one that is sound can');
  expect(primary).toContain('Look at the disk of a.');
});
