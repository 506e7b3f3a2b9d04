import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { renderTemplate } from '../../test/cluster/support/template.ts';
import { temporaryFolder } from '../../test/support/folder.ts';

const TEMPLATE = join(import.meta.dirname, '../../patroni-config/copy-guard');
const REWIND = ['-D', '/data', '--source-server', 'host=10.0.0.1 user=rewind'];
const CLONE = ['--keep_data=True', '--role=replica', '--connstring=host=10.0.0.1 user=replicator'];

test('a copy is rewound once it may be, with all that Patroni asked for', () => {
  const guard = guardWith({ verdict: 0 });
  expect(guard.run(REWIND)).toBe(7);
  expect(guard.rewound()).toBe(`${REWIND.join('|')}|`);
  expect(guard.asked()).toContain('await-source --source host=10.0.0.1 user=rewind --patroni ');
});

test('where somebody else leads it is not, and Patroni is told to go on', () => {
  const guard = guardWith({ verdict: 3 });
  expect([guard.run(REWIND), guard.rewound()]).toEqual([0, null]);
});

test('nor where that cannot be asked: after an error Patroni would remove the copy', () => {
  const guard = guardWith({ verdict: 1 });
  expect([guard.run(REWIND), guard.run(CLONE), guard.rewound()]).toEqual([0, 0, null]);
});

test.each([
  ['rewound', REWIND],
  ['cloned', CLONE],
])(
  'a copy that waits to be %s is kept when Patroni is stopped, and nothing goes on waiting',
  async (_, args) => {
    const guard = guardWith({ verdict: 'waits' });
    const waiting = guard.begin(args);
    const program = await vi.waitUntil(() => guard.asked()?.trim());
    waiting.kill('SIGTERM');
    expect(await once(waiting, 'exit')).toEqual([0, null]);
    expect(guard.rewound()).toBeNull();
    await vi.waitFor(() => expect(() => process.kill(Number(program), 0)).toThrow());
  },
);

test('before a clone Patroni is sent on to its own way, or told that all is done', () => {
  expect(guardWith({ verdict: 0 }).run(CLONE)).toBe(1);
  expect(guardWith({ verdict: 3 }).run(CLONE)).toBe(0);
});

test('a copy that is damaged is kept aside before Patroni removes it; one that is sound is not', () => {
  for (const damaged of [{ control: 'damaged' }, { told: '{}' }] as const) {
    const guard = guardWith({ verdict: 0, ...damaged });
    expect([guard.run(CLONE), guard.kept()]).toEqual([1, true]);
  }
  for (const left of [{ verdict: 0 }, { verdict: 3, told: '{}' }, { verdict: 1, told: '{}' }]) {
    const guard = guardWith(left);
    guard.run(CLONE);
    expect(guard.kept()).toBe(false);
  }
});

test('nor one that was half cloned when that was cut off: it would take the room of the next, and the place of what was damaged', () => {
  for (const damaged of [{ control: 'damaged' }, { control: 'damaged', told: '{}' }] as const) {
    const guard = guardWith({ verdict: 0, ...damaged, isHalfCloned: true });
    expect([guard.run(CLONE), guard.kept()]).toEqual([1, false]);
  }
});

test('that a copy is damaged is said until it is given up; of the next one nothing is said, and it is read', () => {
  const told = '{"damage":"page 7"}';
  expect(saidAfter({ verdict: 0, told }, CLONE)).toEqual([]);
  expect(saidAfter({ verdict: 0, told, copy: false }, CLONE)).toEqual([]);
  const all = ['copy.json', 'copy.json.done'];
  expect(saidAfter({ verdict: 0, told }, REWIND)).toEqual(all);
  expect(saidAfter({ verdict: 3, told }, CLONE)).toEqual(all);
  expect(saidAfter({ verdict: 1, told }, CLONE)).toEqual(all);
});

function saidAfter(found: Case, args: string[]): string[] {
  const guard = guardWith(found);
  guard.run(args);
  return guard.said();
}

test('a release of before, to which one went back, knows no such question, and Patroni does as it did under that', () => {
  const guard = guardWith({ verdict: 1, release: ['main.ts'] });
  expect([guard.run(CLONE), guard.run(REWIND)]).toEqual([1, 7]);
  expect([guard.rewound(), guard.asked()]).toEqual([`${REWIND.join('|')}|`, null]);
});

test('where there is no release at all it cannot be asked either, and the copy is kept', () => {
  const guard = guardWith({ verdict: 1, release: [] });
  expect([guard.run(REWIND), guard.run(CLONE), guard.rewound()]).toEqual([0, 0, null]);
});

test('where there is no copy there is nothing to lose, and nobody is asked', () => {
  const guard = guardWith({ verdict: 3, copy: false });
  expect([guard.run(CLONE), guard.asked()]).toEqual([1, null]);
});

test('whether there is a pg_rewind Patroni asks it itself', () => {
  const guard = guardWith({ verdict: 3 });
  expect([guard.run(['--help']), guard.rewound(), guard.asked()]).toEqual([7, '--help|', null]);
});

const RELEASE = ['main.ts', 'await-source.ts'];

interface Case {
  readonly verdict: number | 'waits';
  readonly copy?: boolean;
  /** What there is of the program. */
  readonly release?: readonly string[];
  /** What pg_controldata says of the copy; sound where it is not said. */
  readonly control?: 'sound' | 'damaged';
  /** The word that the copy is damaged. */
  readonly told?: string;
  /** As pg_basebackup leaves it, which brings the label first and pg_control last. */
  readonly isHalfCloned?: boolean;
}

/** The script with a program that ends so, or does not end and leaves its id, and a pg_rewind that ends with 7. */
function guardWith({ verdict, copy = true, release = RELEASE, ...found }: Case) {
  const { control = 'sound', told, isHalfCloned = false } = found;
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const program = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  const asks =
    verdict === 'waits'
      ? `echo $$ > ${at('asked')}; exec /bin/sleep 60`
      : `echo "$*" > ${at('asked')}; exit ${verdict}`;
  program(at('node_modules/node/bin/node'), asks);
  for (const file of release) program(at(`failover/promotion/${file}`), '');
  program(at('pg_rewind'), `printf '%s|' "$@" > ${at('rewound')}; exit 7`);
  program(at('sleep'), 'exit 0');
  mkdirSync(at('data'));
  if (copy) writeFileSync(at('data/PG_VERSION'), '17\n');
  if (isHalfCloned) writeFileSync(at('data/backup_label'), '');
  const values = { cluster: 'farol', site: 'a', ip: '10.0.0.2', tls_dir: '/tls' };
  const postgresql = {
    postgresql_data_dir: at('data'),
    postgresql_bin_dir: '/usr/lib/postgresql/bin',
  };
  const paths = { farol_dir: folder, runtime_dir: at('run'), ...postgresql };
  const script = renderTemplate(readFileSync(TEMPLATE, 'utf8'), { ...values, ...paths });
  program(at('pg_controldata'), control === 'sound' ? 'exit 0' : 'echo "error: no file" >&2');
  program(
    at('guard'),
    script
      .replace(/^rewind=.*$/m, `rewind=${at('pg_rewind')}`)
      .replaceAll(/\S*\/pg_controldata/g, at('pg_controldata')),
  );
  if (told !== undefined) {
    program(at('run/promotion/copy.json'), told);
    writeFileSync(at('run/promotion/copy.json.done'), '');
  }
  const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : null);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  return {
    begin: (args: string[]) => spawn(at('guard'), args, { env, stdio: 'ignore' }),
    run: (args: string[]) => spawnSync(at('guard'), args, { env }).status,
    rewound: () => read('rewound'),
    asked: () => read('asked'),
    said: () => readdirSync(at('run/promotion')).sort(),
    kept: () => existsSync(at('data.failed/PG_VERSION')) && !existsSync(at('data')),
  };
}
