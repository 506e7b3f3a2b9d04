import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../main.ts');

test('whoever is about to write a configuration is told what the server would refuse in it', () => {
  const check = (yaml: string) => {
    // As Ansible gives it: by a pipe.
    const order = 'printf %s "$1" | "$2" "$3" --config /dev/stdin --check';
    const words = ['-c', order, 'sh', yaml, process.execPath, MAIN];
    const { status, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
    return { status, stderr };
  };
  expect(check('serverName: example.org')).toEqual({ status: 0, stderr: '' });
  const refused = check('serverName: example.org\nmedia: { uploadByteMax: 1 }');
  expect(refused.status).toBe(78);
  expect(refused.stderr).toContain('uploadBytesMax');
});
