import { expect, test } from 'vitest';
import { excuseFor } from './left-out.ts';

const tests = /^unit: as root > .*$/;

test('a test may be left out for a named property that this machine has, and for nothing else', () => {
  const root = [{ tests, because: 'it is not root', isSo: true }];
  expect(excuseFor('unit: as root > a folder', root)).toBe('it is not root');
  expect(excuseFor('unit: state resolution, beside that of ruma', root)).toBeUndefined();
  expect(excuseFor('cluster: a site is lost', root)).toBeUndefined();
});

test('where the machine has not the property, the same test must run', () => {
  const root = [{ tests, because: 'it is not root', isSo: false }];
  expect(excuseFor('unit: as root > a folder', root)).toBeUndefined();
});
