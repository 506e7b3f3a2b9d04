import { expect, test } from 'vitest';
import { damageIn } from './words.ts';

const fatal = (error: string) =>
  `{"level":"info","msg":"opened backend db"}\n{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"${error}"}\n`;

// As etcd 3.5.16 said it, of data that were damaged one by one.
test.each([
  [fatal('walpb: crc mismatch'), 'its log is damaged'],
  [
    'panic: tocommit(308) is out of range [lastIndex(300)]. Was the raft log corrupted, truncated, or lost?\n\ngoroutine 1',
    'its log has lost what it had confirmed',
  ],
  [
    'panic: assertion failed: Page expected to be: 3, but self identifies as 16224323160641688749',
    'its database is damaged',
  ],
  [
    '{"level":"panic","msg":"failed to open database","path":"/d/db","error":"invalid database"}\npanic: failed to open database',
    'its database is damaged',
  ],
  [fatal('member 819450a5536d704f has already been bootstrapped'), 'its data are lost'],
])('what etcd ends with tells that its data are damaged: %s', (words, why) => {
  expect(damageIn(words)).toBe(why);
});

test.each([
  '',
  fatal('listen tcp 10.0.0.1:2380: bind: address already in use'),
  fatal('tls: failed to find any PEM data in certificate input'),
  '{"level":"panic","msg":"failed to open database","path":"/d/db","error":"permission denied"}\npanic: failed to open database',
  '{"level":"fatal","msg":"failed to purge wal file","error":"no space left on device"}',
  fatal('checkInitialHashKV failed: found data inconsistency with peers'),
  // All its threads are listed, one of them in the middle of a commit.
  'fatal error: runtime: cannot allocate memory\n\ngoroutine 1 [running]:\n\ngoroutine 141 [runnable]:\ngo.etcd.io/bbolt.(*freelist).hashmapFreeCount(...)\n\tgo.etcd.io/bbolt@v1.3.11/freelist_hmap.go:15\n',
  // Said by one that goes on.
  '{"level":"warn","msg":"rejected","error":"walpb: crc mismatch"}\n{"level":"info","msg":"ready"}',
  `{"level":"warn","msg":"peer says","error":"walpb: crc mismatch"}\n${fatal('bind: address already in use')}`,
])('whatever else it ends with, or goes on after, is no reason to replace it: %s', (words) => {
  expect(damageIn(words)).toBeNull();
});
