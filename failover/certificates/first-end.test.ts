import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { earliest, firstEndOf } from './first-end.ts';

test('of a chain and an authority the certificate that ends first counts', async () => {
  const authority = await certificateAuthority();
  const long = await authority.issue('long', { dns: ['long'] }, { days: 300 });
  const short = await authority.issue('short', { dns: ['short'] }, { days: 7 });
  const [longPem, shortPem] = [long, short].map(({ certificate }) => readFileSync(certificate));
  const chain = Buffer.concat([longPem!, shortPem!]);
  expect(daysUntil(firstEndOf([chain, readFileSync(authority.ca)]))).toBeCloseTo(7, 1);
  expect(daysUntil(firstEndOf([longPem!]))).toBeCloseTo(300, 1);
});

test('without certificates there is no end, and what is not known comes after what is', () => {
  expect(firstEndOf([])).toBeNull();
  expect(earliest([null, '2027-02-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z', null])).toBe(
    '2027-01-01T00:00:00.000Z',
  );
});

const daysUntil = (time: string | null): number =>
  (Date.parse(time ?? '') - Date.now()) / 86_400_000;
