import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { excuseFor } from './left-out.ts';

const tests = /^unit: as root > .*$/;

test('a test may be left out for a named property that this machine has, and for nothing else', () => {
  const root = [{ tests, because: 'it is not root', isSo: true }];
  expect(excuseFor('unit: as root > a folder', root)).toBe('it is not root');
  expect(excuseFor('unit: state resolution, beside that of ruma', root)).toBeUndefined();
  expect(excuseFor('cluster: a site is lost', root)).toBeUndefined();
});

test('where the machine has not the property, the same test must run', () => {
  const root = [{ tests, because: 'it is not root', isSo: false }];
  expect(excuseFor('unit: as root > a folder', root)).toBeUndefined();
});

/** By what stands in a `skipIf` or `runIf`, what it says is missing: in the words of README. */
const NEEDS: readonly (readonly [condition: RegExp, word: string])[] = [
  [/^!ANSIBLE_IS_HERE$/, 'Ansible'],
  [/^!PYTHON_IS_HERE$/, 'Python 3'],
  [/^!DPKG_IS_HERE$/, 'dpkg'],
  [/^missing$/, 'etcd'],
  [/^!UPSD_IS_HERE$/, 'upsd'],
  [/^spawnSync\('certutil'/, 'certutil'],
  [/^!CLAMD_IS_HERE$/, 'clamd'],
  [/^!C_ICAP_IS_HERE$/, 'c-icap'],
  [/^!S3_IS_HERE$/, 'rclone'],
  [/^!SLAPD_IS_HERE$/, 'slapd'],
  [/^python === undefined$/, 'Synapse'],
  [/^program === undefined$/, 'Rust'],
  [/^(?:!present|!SPEC_IS_HERE)$/, 'matrix-spec'],
  [/^(?:isRoot|!ROOT|userInfo\(\)\.uid !== 0)$/, 'root'],
];

test('README names everything for lack of which `npm test` leaves a test out', () => {
  const root = join(import.meta.dirname, '..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [said] = /What a machine cannot run [\s\S]*?\n\n/.exec(readme)!;
  const unnamed = ['server', 'failover', 'ansible', 'test']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((file) => `${folder}/${file}`)
        .filter((file) => file.endsWith('.test.ts') && !OF_OTHER_COMMANDS.test(file)),
    )
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const asked = [...text.matchAll(/\b(?:skipIf|runIf)\(\s*((?:[^()]|\([^()]*\))*?),?\s*\)/g)];
      return asked
        .flatMap(([, conditions]) => conditions!.split(' || '))
        .filter((condition) => !isNamed(condition.trim(), said))
        .map((condition) => `${file}: ${condition}`);
    });
  expect(unnamed).toEqual([]);
});

test('what runs Python 3 is left out where there is none', () => {
  const folder = join(import.meta.dirname, '../ansible/test');
  const unguarded = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return /\w\('python3'|files\/move-away/.test(text) && !text.includes('!PYTHON_IS_HERE');
    });
  expect(unguarded).toEqual([]);
});

/** They have means of their own, and are no part of `npm test`. */
const OF_OTHER_COMMANDS =
  /node_modules|^test\/cluster\/faults\/|^test\/clients\/programs\/|^ansible\/lab\//;

const isNamed = (condition: string, said: string): boolean =>
  NEEDS.some(([pattern, word]) => pattern.test(condition) && said.includes(word));
