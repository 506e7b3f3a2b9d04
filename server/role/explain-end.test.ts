import { expect, test } from 'vitest';
import { ConfigError } from '../config/read-config.ts';
import { AddressInUse } from '../http/listen.ts';
import { AlreadyRunning } from '../storage/embedded/alone.ts';
import { explainEnd } from './explain-end.ts';

const where = { data: '/srv/farol' };

test.each<[string, unknown, string, number]>([
  ['a wrong key', new ConfigError('There is no key "x".'), 'There is no key "x".', 78],
  [
    'a port in use',
    new AddressInUse('127.0.0.1:8008'),
    'uses the address 127.0.0.1:8008: stop it',
    1,
  ],
  ['a second process', new AlreadyRunning('4711'), 'Another Farol (process 4711) works on', 1],
  [
    'a full disk, however deep it is told',
    new Error('the writer ended', { cause: Object.assign(new Error('x'), { sqlstate: '53100' }) }),
    'The disk under /srv/farol is full: the operator must make room',
    1,
  ],
  [
    'a full disk in the words of initdb',
    new Error('initdb: error: could not write: No space left on device'),
    'The disk under /srv/farol is full',
    1,
  ],
  ['anything else', new Error('outside', { cause: new Error('inside') }), 'outside: inside', 75],
])('%s ends in one sentence', (_what, error, sentence, code) => {
  expect(explainEnd(error, where)).toEqual({ sentence: expect.stringContaining(sentence), code });
});
