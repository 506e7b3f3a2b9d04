import { expect, test } from 'vitest';
import { ConfigError } from '../config/read-config.ts';
import { AddressInUse, CannotListen } from '../http/listen.ts';
import { NoBootClock } from '../log/deadline.ts';
import { AlreadyRunning } from '../storage/embedded/alone.ts';
import { PostgresRefuses } from '../storage/embedded/embedded-postgres.ts';
import { FolderError } from '../storage/make-folder.ts';
import { explainEnd } from './explain-end.ts';

const where = {
  data: '/srv/farol',
  listen: '127.0.0.1:8008',
  metricsListen: '127.0.0.1:9000',
  database: 'postgresql://x/farol',
};
const failed = (message: string, rest: object) => Object.assign(new Error(message), rest);

test.each<[string, unknown, string, number]>([
  ['a wrong key', new ConfigError('There is no key "x".'), 'There is no key "x".', 78],
  [
    'a port in use',
    new AddressInUse('127.0.0.1:8008'),
    'uses the address 127.0.0.1:8008: stop it',
    1,
  ],
  ['a hidden clock', new NoBootClock('let the server see it'), 'let the server see it', 1],
  ['a second process', new AlreadyRunning('4711'), 'Another Farol (process 4711) works on', 1],
  [
    'a full disk, however deep it is told',
    new Error('the writer ended', { cause: Object.assign(new Error('x'), { sqlstate: '53100' }) }),
    'The disk under /srv/farol is full: the operator must make room',
    1,
  ],
  [
    'a full disk in the words of Node',
    new Error('the secret was not written', {
      cause: Object.assign(new Error('write'), { code: 'ENOSPC' }),
    }),
    'The disk under /srv/farol is full: the operator must make room',
    1,
  ],
  [
    'a full disk as PostgreSQL tells its client',
    Object.assign(new Error('could not extend file'), { code: '53100' }),
    'The disk under /srv/farol is full: the operator must make room',
    1,
  ],
  [
    'a full disk in the words of initdb',
    new Error('initdb: error: could not write: No space left on device'),
    'The disk under /srv/farol is full',
    1,
  ],
  [
    'a port of the metrics in use',
    new AddressInUse('127.0.0.1:9000'),
    'choose another address with --metrics-listen',
    1,
  ],
  [
    'a port that the user may not have',
    new CannotListen('0.0.0.0:80', failed('listen EACCES', { code: 'EACCES' })),
    'cannot listen on 0.0.0.0:80 (listen EACCES): allow this user the port, or choose another one with --listen',
    1,
  ],
  [
    'an address of another machine',
    new CannotListen('1.2.3.4:80', failed('listen EADDRNOTAVAIL', { code: 'EADDRNOTAVAIL' })),
    'this machine has no such address; choose another one with --listen',
    1,
  ],
  [
    'a database that is not up yet',
    failed('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED', syscall: 'connect' }),
    'does not answer (connect ECONNREFUSED 127.0.0.1:1): start it, or mend the key "database"',
    75,
  ],
  [
    'a name server that is not up yet',
    failed('getaddrinfo EAI_AGAIN x', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }),
    'The database does not answer (getaddrinfo EAI_AGAIN x)',
    75,
  ],
  [
    'a database at a host that does not exist',
    failed('getaddrinfo ENOTFOUND x', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
    'cannot be used (getaddrinfo ENOTFOUND x): mend the key "database"',
    78,
  ],
  [
    'a wrong password of the database',
    failed('password authentication failed for user "farol"', { code: '28P01' }),
    'cannot be used (password authentication failed for user "farol"): mend the key "database"',
    78,
  ],
  ['a folder that cannot be made', new FolderError('The folder x …'), 'The folder x …', 1],
  ['a PostgreSQL that refuses', new PostgresRefuses('PostgreSQL did …'), 'PostgreSQL did …', 1],
  ['anything else', new Error('outside', { cause: new Error('inside') }), 'outside: inside', 75],
])('%s ends in one sentence', (_what, error, sentence, code) => {
  expect(explainEnd(error, where)).toEqual({ sentence: expect.stringContaining(sentence), code });
});
