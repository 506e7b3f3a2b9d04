import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { inARowMs, tell } from '../../promotion/tell.ts';
import { promotionTold } from './promotion-told.ts';

test('what the program of a promotion said last is read with how long ago it was, and the first in a row', async () => {
  const { folder, path } = site();
  expect(await promotionTold(folder)).toBeNull();
  const said = { kind: 'etcd', why: 'etcd answers 503' } as const;
  await tell(path, said, at('10:00:00'));
  await tell(path, said, at('10:00:30'));
  expect(await promotionTold(folder, at('10:00:40').getTime())).toEqual({
    ...said,
    agoMs: 10_000,
    sinceMs: 40_000,
  });
  // Another reason, and the same of another outage, are not of that row.
  await tell(path, { kind: 'disk', why: 'full' }, at('10:00:50'));
  expect(await promotionTold(folder, at('10:01:00').getTime())).toMatchObject({ sinceMs: 10_000 });
  await tell(path, { kind: 'disk', why: 'full' }, at('11:00:00'));
  expect(await promotionTold(folder, at('11:00:01').getTime())).toMatchObject({ sinceMs: 1_000 });
});

test('a program that is asked again knows for how long it has said the same', async () => {
  const { path } = site();
  const damaged = { kind: 'damaged', why: 'a page' } as const;
  expect(await inARowMs(path, damaged, at('10:00:00'))).toBe(0);
  await tell(path, damaged, at('10:00:00'));
  await tell(path, damaged, at('10:00:40'));
  expect(await inARowMs(path, damaged, at('10:01:30'))).toBe(90_000);
  expect(await inARowMs(path, { kind: 'votes', why: '' }, at('10:01:30'))).toBe(0);
  expect(await inARowMs(path, damaged, at('11:00:00'))).toBe(0);
});

test('that nothing speaks against a promotion is told too', async () => {
  const { folder, path } = site();
  await tell(path, { kind: null, why: '' });
  expect(await promotionTold(folder)).toMatchObject({ kind: null });
});

test('where it cannot be told, the promotion goes on', async () => {
  await tell(join(temporaryFolder(), 'not there', 'last.json'), { kind: null, why: '' });
});

// The folder is another user's, who may not make the agent read, wait for or show what it should not.
test('nothing is read through a link, from a pipe, or without end, and nothing moves the cursor of a terminal', async () => {
  const { folder, path } = site();
  const elsewhere = join(folder, 'elsewhere');
  await tell(elsewhere, { kind: 'disk', why: 'full' });
  symlinkSync(elsewhere, path);
  expect(await promotionTold(folder)).toBeNull();
  rmSync(path);
  execFileSync('mkfifo', [path]);
  expect(await promotionTold(folder)).toBeNull();
  rmSync(path);
  writeFileSync(path, ' '.repeat(10_000_000));
  expect(await promotionTold(folder)).toBeNull();
  await tell(path, { kind: 'disk', why: `\u001b[2J\n${'x'.repeat(100_000)}` });
  const { why } = (await promotionTold(folder))!;
  expect(why).toMatch(/^ \[2J x+$/);
  expect(why).toHaveLength(300);
});

test.each(['', '{}', '{"kind":"rm -rf","why":"","at":"now","since":"now"}', '[]'])(
  'what nobody would write (%s) says nothing',
  async (text) => {
    const { folder, path } = site();
    writeFileSync(path, text);
    expect(await promotionTold(folder)).toBeNull();
  },
);

const at = (time: string): Date => new Date(`2026-11-26T${time}Z`);

function site() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'promotion'));
  return { folder, path: join(folder, 'promotion', 'last.json') };
}
