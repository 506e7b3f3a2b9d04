import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';

const run = promisify(execFile);

test('a certificate that PostgreSQL’s user cannot read is a no, and the agent finds why', async () => {
  const folder = temporaryFolder();
  const told = join(folder, 'last.json');
  const ended = run(process.execPath, [
    join(import.meta.dirname, 'main.ts'),
    ...['--site', 'b', '--etcd', 'https://127.0.0.1:1', '--tls', join(folder, 'tls')],
    // The last is of a later release.
    ...['--told', told, '--unheard-of', 'x'],
  ]);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Farol does not let b be promoted: ENOENT'),
  });
  expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({
    kind: 'certificate',
    why: expect.stringContaining('ca.crt'),
  });
});
