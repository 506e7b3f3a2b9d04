import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { copyDamage } from '../adapters/patroni/copy-checked.ts';
import { type Checks, checkCopy, checkOnce, checksOf, tellDamage } from './check-copy.ts';

const BAD = 'page 7 of base/5/1 has a wrong checksum';

test('a sound copy is read once, and one of a primary is believed at once', async () => {
  expect(await checked({ reads: [null], restartpoints: ['0/1'] })).toEqual([null, 1]);
  expect(await checked({ reads: [BAD], restartpoints: [null] })).toEqual([BAD, 1]);
});

test('a page that a power cut tore at a standby counts once it was written back and is still wrong', async () => {
  const points = ['0/1', '0/1', '0/1', '0/2'];
  expect(await checked({ reads: [BAD, BAD], restartpoints: points })).toEqual([BAD, 2]);
  expect(await checked({ reads: [BAD, null], restartpoints: points })).toEqual([null, 2]);
});

test('what could not be read is read again: PostgreSQL may not be up yet, or be promoted meanwhile', async () => {
  const failing = [new Error('starting up'), new Error('promoted'), null];
  expect(await checked({ reads: failing, restartpoints: ['0/1'] })).toEqual([null, 3]);
  const down = [new Error('no connection'), '0/1'];
  expect(await checked({ reads: [null], restartpoints: down })).toEqual([null, 1]);
});

test('one that can never be read is not found sound: it is read when PostgreSQL starts the next time', async () => {
  const never = checked({ reads: [new Error('no connection')], restartpoints: ['0/1'] });
  await expect(never).rejects.toThrow('could not be read');
});

test.each([
  ['WARNING:  checksum verification failed in file "./base/5/1", block 7: calculated 1', BAD],
  [
    'ERROR:  could not read file "./base/5/1": Input/output error',
    'base/5/1 cannot be read from its disk (input/output error)',
  ],
])('PostgreSQL says at a base backup what is damaged: %s', async (said, damage) => {
  const folder = temporaryFolder();
  const script = `#!/bin/sh\necho '${said}' >&2; exit 1\n`;
  writeFileSync(join(folder, 'pg_basebackup'), script, { mode: 0o755 });
  expect(await checksOf(folder).read()).toBe(damage);
});

test('the agent is told of the damage until the copy is found sound', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-copy-'));
  const path = join(folder, 'promotion', 'copy.json');
  expect(await copyDamage(folder)).toBeNull();
  mkdirSync(join(folder, 'promotion'));
  await tellDamage(path, BAD);
  expect(await copyDamage(folder)).toBe(BAD);
  await tellDamage(path, null);
  expect(await copyDamage(folder)).toBeNull();
  rmSync(folder, { recursive: true });
});

test('a damaged copy is said to be so also while it is read again, and one that was found sound is not read again', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'promotion', 'copy.json');
  mkdirSync(join(folder, 'promotion'));
  const said: (string | null)[] = [];
  const read = (found: string | null) =>
    checkOnce(path, async () => {
      said.push(await copyDamage(folder));
      return found;
    });
  for (const found of [BAD, BAD, null, BAD]) await read(found);
  expect(said).toEqual([null, BAD, BAD]);
  expect(await copyDamage(folder)).toBeNull();
});

/** What was found, and how often all was read; the last of each list holds on. */
async function checked(world: {
  readonly reads: readonly (string | null | Error)[];
  readonly restartpoints: readonly (string | null | Error)[];
}): Promise<[string | null, number]> {
  const asked = { reads: 0, restartpoints: 0 };
  const next = (what: keyof typeof asked): string | null => {
    const all = world[what];
    const answer = all[Math.min(asked[what]++, all.length - 1)]!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const checks: Checks = {
    read: async () => next('reads'),
    restartpoint: async () => next('restartpoints'),
    pause: async () => undefined,
  };
  return [await checkCopy(checks), asked.reads];
}
