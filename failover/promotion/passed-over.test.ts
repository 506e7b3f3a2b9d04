import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ancestorsIn, historyFile, receivedIn } from './copy.ts';
import { passOver, tidy } from './passed-over.ts';

test('the numbers before the one that was given have a history file with no line in it', async () => {
  const { dataDir, histories, postmaster } = await running();
  await passOver(dataDir, 10, 12);
  expect(histories()).toEqual(['0000000A.history', '0000000B.history']);
  postmaster.kill();
});

test('a promotion that happened meanwhile keeps its history: whoever was asked before Patroni was killed may still be at work', async () => {
  const { dataDir, histories, postmaster } = await running();
  const real = join(dataDir, 'pg_wal', historyFile(4));
  writeFileSync(real, '1\t0/3000000\tno recovery target\n');
  await passOver(dataDir, 3, 5);
  expect(readFileSync(real, 'utf8')).toContain('no recovery target');
  expect(histories()).toEqual([historyFile(3), historyFile(4)]);
  postmaster.kill();
  await vi.waitFor(() => expect(histories()).toEqual([historyFile(4)]));
});

test('nor do those stay of one that came to nothing before, with the same PostgreSQL', async () => {
  const { dataDir, histories, postmaster } = await running();
  await passOver(dataDir, 2, 4);
  await passOver(dataDir, 4, 6);
  postmaster.kill();
  await vi.waitFor(() => expect(histories()).toEqual([]));
});

test('where PostgreSQL takes its number by itself, nothing is written', async () => {
  const { dataDir, histories, postmaster } = await running();
  await passOver(dataDir, 2, 2);
  expect(histories()).toEqual([]);
  postmaster.kill();
});

test('a PostgreSQL that ends before it was promoted leaves none of them', async () => {
  const { dataDir, histories, postmaster } = await running();
  await passOver(dataDir, 2, 4);
  postmaster.kill();
  await vi.waitFor(() => expect(histories()).toEqual([]));
});

test('one that was promoted keeps them: standbys fetch all up to its own', async () => {
  const { dataDir, histories, postmaster } = await running();
  const watcher = await passOver(dataDir, 2, 4);
  writeFileSync(join(dataDir, 'pg_wal', historyFile(4)), '1\t0/3000000\tno recovery target\n');
  if (watcher?.exitCode === null) await once(watcher, 'exit');
  postmaster.kill();
  expect(histories()).toHaveLength(3);
  await tidy(dataDir);
  expect(histories()).toHaveLength(3);
});

test('before Patroni starts, what a promotion that was cut off left is taken away, and nothing else', async () => {
  const { dataDir, histories, postmaster } = await running();
  writeFileSync(join(dataDir, 'pg_wal', historyFile(2)), '1\t0/3000000\tno recovery target\n');
  await passOver(dataDir, 3, 5);
  await tidy(dataDir);
  expect(histories()).toHaveLength(3);
  postmaster.kill('SIGKILL');
  await once(postmaster, 'exit');
  await tidy(dataDir);
  expect(histories()).toEqual([historyFile(2)]);
});

test('somebody else may take them away at the same moment', async () => {
  const { dataDir, histories, postmaster } = await running();
  await passOver(dataDir, 2, 40);
  postmaster.kill('SIGKILL');
  await once(postmaster, 'exit');
  await Promise.all(Array.from({ length: 8 }, () => tidy(dataDir)));
  expect(histories()).toEqual([]);
});

test('a timeline that was left before it began is none that the copy has gone through', () => {
  expect(ancestorsIn('1\t0/3000000\tx\n\n3\t0/4000000\ty\n')).toEqual([1, 3]);
  expect(ancestorsIn('1\t0/4000000\tx\n3\t0/4000000\ty\n5\t1/0\tz\n')).toEqual([1, 5]);
  expect(ancestorsIn('# a number that was passed over\n')).toEqual([]);
});

test('log of a later timeline counts for what the copy will have gone through, if that comes from its own', async () => {
  const wal = temporaryFolder();
  const put = (name: string, text = '') => writeFileSync(join(wal, name), text);
  put(`00000002${'0'.repeat(15)}7`);
  put(historyFile(2), '1\t0/3000000\tx\n');
  expect(await receivedIn(wal, 2)).toBeNull();
  put(`00000005${'0'.repeat(15)}7.partial`);
  // Nobody knows where it comes from.
  expect(await receivedIn(wal, 2)).toBeNull();
  put(historyFile(5), '1\t0/3000000\tx\n2\t0/5000000\ty\n');
  expect(await receivedIn(wal, 2)).toEqual([1, 2, 5]);
  expect(await receivedIn(wal, 3)).toBeNull();
});

/** A data folder, and something that runs in the place of its postmaster. */
async function running() {
  const dataDir = temporaryFolder();
  mkdirSync(join(dataDir, 'pg_wal'));
  const postmaster = spawn('sleep', ['600']);
  writeFileSync(join(dataDir, 'postmaster.pid'), `${postmaster.pid}\n${dataDir}\n`);
  const histories = () => readdirSync(join(dataDir, 'pg_wal')).sort();
  return { dataDir, postmaster, histories };
}
