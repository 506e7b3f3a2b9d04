import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible, PYTHON_IS_HERE } from './ansible.ts';

// Two runs at once: what each host is asked for before anything is changed there.

test.skipIf(!ANSIBLE_IS_HERE)(
  'a second run is refused with the name of the first, and takes over once that one was killed',
  async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const run = (name: string, until: string) => {
      const told = {
        run_file: at('held.json'),
        holds: at(name),
        until_there_is: at(until),
      };
      return ansible('ansible-playbook', 'test/run.yml', '--extra-vars', JSON.stringify(told));
    };
    const first = run('first', 'never');
    await until('the first run holds it', async () => existsSync(at('first')), 120_000);
    writeFileSync(at('sign'), '');

    const second = await run('second', 'sign');
    expect(second.said).toContain(' runs run.yml on these hosts (process ');
    expect(second.status).not.toBe(0);
    expect(existsSync(at('second'))).toBe(false);

    process.kill(
      (JSON.parse(readFileSync(at('held.json'), 'utf8')) as { pid: number }).pid,
      'SIGKILL',
    );
    expect((await first).status).not.toBe(0);
    const third = await run('third', 'sign');
    expect([third.said, third.status]).toEqual([expect.any(String), 0]);
    expect(readFileSync(at('held.json'), 'utf8')).toBe('');
  },
  300_000,
);

test.skipIf(!PYTHON_IS_HERE).each([
  ['whose process is gone', { pid: 2 ** 22 + 1 }, {}, true],
  ['whose number another process has now', { since: '1' }, {}, true],
  ['that goes on', {}, {}, false],
  [
    'of another controller, a minute after its last sign',
    { controller: 'b', silent_s: 60 },
    {},
    false,
  ],
  [
    'of another controller, whose process cannot be seen here',
    { controller: 'b', pid: 2 ** 22 + 1 },
    {},
    false,
  ],
  ['of another controller, an hour after it', { controller: 'b', silent_s: 3600 }, {}, true],
  ['of which a person says that it has ended', { controller: 'b' }, { takeOver: true }, true],
])('of a run %s one knows whether it is over', (_, run, told, isOver) => {
  expect(over(run, told)).toBe(isOver);
});

/** Beside a run of the process of this very program. */
function over(run: object, { takeOver = false }: { readonly takeOver?: boolean }): boolean {
  const program = `
import json, sys
from farol_run import over, since
told = json.load(sys.stdin)
run = {"controller": "a", "pid": told["pid"], "since": since(told["pid"]), "silent_s": 0, **told["run"]}
print(json.dumps(over([run], {"controller": "a"}, told["take_over"]) == [run]))`;
  const told = execFileSync('python3', ['-B', '-c', program], {
    cwd: join(ANSIBLE, 'filter_plugins'),
    input: JSON.stringify({ pid: process.pid, run, take_over: takeOver }),
    encoding: 'utf8',
  });
  return JSON.parse(told) as boolean;
}
