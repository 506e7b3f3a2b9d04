import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

test('logs shows the journal of all that a site stands on, since whenever one says, and ends as journalctl does', () => {
  const site = ['--unit=etcd', '--unit=patroni', '--unit=farol-*'];
  const { stdout, status } = logs();
  expect(stdout.split('\n')).toEqual([...site, '--since=-1h', '--output=short-iso-precise', '']);
  expect(status).toBe(3);
  expect(logs('--since', 'yesterday', '--follow').stdout.split('\n')).toEqual([
    ...site,
    '--since=yesterday',
    '--output=short-iso-precise',
    '--follow',
    '',
  ]);
  // As its help says it: by itself a value that begins with a dash is taken for an option.
  expect(logs('--since=-2h').stdout).toContain('--since=-2h');
});

/** With a journalctl that prints how it was called. No configuration is needed for that: it may be what is broken. */
function logs(...options: string[]) {
  const folder = temporaryFolder();
  const program = '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n';
  writeFileSync(join(folder, 'journalctl'), program, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const missing = ['--config', join(folder, 'none.yml')];
  return spawnSync(process.execPath, [MAIN, 'logs', ...options, ...missing], {
    encoding: 'utf8',
    env,
  });
}
