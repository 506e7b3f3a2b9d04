import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { setAside } from './set-aside.ts';

test('a copy that Patroni set aside is named, with since when; else there is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-aside-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dataDir = join(folder, 'farol');
  mkdirSync(dataDir);
  expect(await setAside(dataDir)).toBeNull();
  renameSync(dataDir, `${dataDir}.failed`);
  const found = await setAside(`${dataDir}/`);
  expect(found?.path).toBe(`${dataDir}.failed`);
  expect(Date.parse(found!.since)).not.toBeNaN();
});
