import { expect, test } from 'vitest';
import { reasonsNotToFence } from './third-fence.ts';

const THREE = { b: 'https://192.0.2.12:8483', c: 'https://[fd00::13]:8483' };

test('three sites, or two and a witness, by their addresses, may have the third fence', () => {
  expect(reasonsNotToFence(config({}))).toEqual([]);
  expect(reasonsNotToFence({ ...config({}), witness: true, patroni: undefined })).toEqual([]);
});

test('two sites alone may not: neither can tell that the other is lost', () => {
  const [reason] = reasonsNotToFence(config({ sites: { b: THREE.b } }));
  expect(reason).toMatchObject({ path: ['peers', 'thirdFence'] });
  expect(reason?.message).toContain('needs three sites, or two and a witness');
});

test('nor together with failsafe, of a site by its name, or where PostgreSQL cannot be asked', () => {
  expect(paths(config({ failsafe: true }))).toEqual(['peers.thirdFence']);
  const named = { ...THREE, b: 'https://b.example.org:8483' };
  expect(paths(config({ sites: named }))).toEqual(['peers.sites.b']);
  expect(paths({ ...config({}), patroni: {} })).toEqual(['patroni.postgres']);
});

test('switched off none of this is asked for', () => {
  expect(paths(config({ thirdFence: false, failsafe: true, sites: {} }))).toEqual([]);
});

const config = (special: object) => ({
  witness: false,
  peers: { sites: THREE, failsafe: false, thirdFence: true, ...special },
  patroni: { postgres: {} },
});

const paths = (given: Parameters<typeof reasonsNotToFence>[0]) =>
  reasonsNotToFence(given).map(({ path }) => path.join('.'));
