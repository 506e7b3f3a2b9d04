import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { firstEndOf } from './first-end.ts';

test('of a chain and an authority the certificate that ends first counts', async () => {
  const authority = await certificateAuthority();
  const long = await authority.issue('long', { dns: ['long'] }, { days: 300 });
  const short = await authority.issue('short', { dns: ['short'] }, { days: 7 });
  const chain = join(authority.folder, 'chain.crt');
  writeFileSync(chain, readFileSync(long.certificate) + readFileSync(short.certificate, 'utf8'));
  const end = await firstEndOf([chain, authority.ca]);
  expect(daysUntil(end)).toBeCloseTo(7, 1);
  expect(daysUntil(await firstEndOf([long.certificate]))).toBeCloseTo(300, 1);
});

test('without certificates there is no end, and a file that is not there is told', async () => {
  expect(await firstEndOf([])).toBeNull();
  await expect(firstEndOf(['nowhere.crt'])).rejects.toThrow('nowhere.crt');
});

const daysUntil = (time: string | null): number =>
  (Date.parse(time ?? '') - Date.now()) / 86_400_000;
