import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, PYTHON_IS_HERE } from './ansible.ts';

// What a playbook does to have the leadership leave a site.

const onlyWithPython = test.skipIf(!PYTHON_IS_HERE);

onlyWithPython('a switchover that is made is asked for once', () => {
  const made = 'echo south > leader; echo "South leads."; exit 0';
  const { status, asked, said } = moveAway({ switchover: made });
  expect([status, asked, said]).toEqual([0, 1, 'South leads.\n']);
});

onlyWithPython('one that is called made while the site leads on is not believed', () => {
  const { status, asked, said } = moveAway({ switchover: 'exit 0' });
  expect([status, asked, said]).toEqual([1, 3, 'north leads on.\n']);
});

onlyWithPython(
  'one that Patroni calls failed while the others have voted has moved the leadership: nobody is asked again',
  () => {
    const moved = 'echo south > leader; echo "Patroni says: Switchover failed" >&2; exit 1';
    expect(moveAway({ switchover: moved })).toMatchObject({ status: 0, asked: 1 });
  },
);

onlyWithPython.each([
  ['nobody leads', 3, 'echo > leader; exit 1'],
  ['nobody leads, for longer than it takes to ask again', 20, 'echo > leader; exit 1'],
  ['no agent answers, as long', 20, 'echo > silent; exit 1'],
])('as long as %s, whoever will is waited for, and not moved from there', (_, last, switchover) => {
  const looks = `echo >> looks; [ $(wc -l < looks) -lt ${last} ] || { echo south > leader; rm -f silent; }`;
  expect(moveAway({ switchover, looks })).toMatchObject({ status: 0, asked: 1 });
});

onlyWithPython('where nobody leads in the end, that is said', () => {
  const { status, asked, said } = moveAway({ switchover: 'echo > leader; exit 1' });
  expect([status, asked]).toEqual([1, 1]);
  expect(said).toContain('Nobody, as far as one can see, leads.');
});

onlyWithPython(
  'where the site leads on it is asked for again, and in the end it is said why not',
  () => {
    const refused = 'echo "No other site may lead now." >&2; exit 1';
    const { status, asked, said } = moveAway({ switchover: refused });
    expect([status, asked]).toEqual([1, 3]);
    expect(said).toContain('No other site may lead now.');
  },
);

/** Beside a `farol` that does so, whose status names whom the file `leader` does, and a `sleep` that takes no time. */
function moveAway({ switchover, looks = ':' }: { switchover: string; looks?: string }) {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const program = (name: string, lines: readonly string[]) =>
    writeFileSync(at(name), ['#!/bin/sh', 'set -e', ...lines, ''].join('\n'), { mode: 0o755 });
  writeFileSync(at('leader'), 'north\n');
  program('farol', [
    `if [ "$1" = switchover ]; then echo >> asked; ${switchover}; fi`,
    looks,
    '[ ! -e silent ] || exit 2',
    'read -r leader < leader || :',
    // As where something is amiss, which it says by its status.
    'printf \'{"leader": %s}\' "$([ -n "$leader" ] && echo "\\"$leader\\"" || echo null)"; exit 3',
  ]);
  program('sleep', []);
  const { status, stdout } = spawnSync(
    '/bin/sh',
    [join(ANSIBLE, 'roles/roll/files/move-away'), 'north'],
    { cwd: folder, env: { PATH: `${folder}:${process.env.PATH}` }, encoding: 'utf8' },
  );
  const asked = readFileSync(at('asked'), 'utf8').split('\n').length - 1;
  return { status, asked, said: stdout };
}
