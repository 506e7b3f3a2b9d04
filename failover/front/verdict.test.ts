import { expect, test } from 'vitest';
import { type Attempt, verdictOn } from './verdict.ts';

const fresh = { silentEpochs: [] };
const silent = (epoch: number): Attempt => ({ kind: 'unknown', why: 'socket closed', epoch });
const refused: Attempt = { kind: 'not-executed', why: 'ECONNREFUSED' };

test('an answer is passed on', () => {
  expect(verdictOn({ kind: 'answered' }, fresh)).toBe('answer');
});

test('a request that no writer saw is held, however often that happens', () => {
  expect(verdictOn(refused, { silentEpochs: [1, 1] })).toBe('hold');
});

test('a request whose writer fell silent is replayed at most twice', () => {
  expect(verdictOn(silent(7), fresh)).toBe('replay');
  expect(verdictOn(silent(7), { silentEpochs: [7] })).toBe('replay');
  expect(verdictOn(silent(7), { silentEpochs: [7, 7] })).toBe('set-aside');
});

test('a request in flight at the deaths of two writers is set aside', () => {
  expect(verdictOn(silent(8), { silentEpochs: [7] })).toBe('set-aside');
});

test('a request that was taken off a link that is cut has silenced nobody', () => {
  const rerouted: Attempt = { kind: 'rerouted', why: 'there is another way' };
  expect(verdictOn(rerouted, { silentEpochs: [7, 7] })).toBe('replay');
});
