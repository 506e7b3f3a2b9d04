import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { COMMANDS, OPTIONS } from './commands.ts';
import { completion, manPage, usage } from './usage.ts';

test('every option belongs to a command, and stands in its line', () => {
  const used = new Set(COMMANDS.flatMap(({ options }) => options));
  const ofAll = ['config', 'help'];
  expect([...used, ...ofAll].sort()).toEqual(Object.keys(OPTIONS).sort());
  for (const { synopsis, options } of COMMANDS)
    expect(synopsis.match(/(?<=--)[a-z]+/g) ?? []).toEqual([...options]);
});

test('usage and man page name every command', () => {
  for (const { name } of COMMANDS) {
    expect(usage()).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(manPage()).toMatch(new RegExp(`^\\.B ${name.replaceAll('-', '\\\\-')}`, 'm'));
  }
  expect(
    Math.max(
      ...usage()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(112);
});

test.each([
  [['farol', 'sta'], ['status']],
  [['farol', ''], COMMANDS.map(({ name }) => name)],
  [['farol', 'doctor', '--n'], ['--name']],
  [
    ['farol', 'status', '--'],
    ['--json', '--config'],
  ],
  [['farol', 'switchover', '--to', ''], []],
  [['farol', 'users', 'de'], ['deactivate']],
  [['farol', 'users', 'deactivate', 'de'], []],
  [
    ['farol', 'maintenance', 'o'],
    ['on', 'off'],
  ],
])('bash completes %j with %j', (words, completed) => {
  const script = `${completion()}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
    _farol; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, status } = spawnSync('bash', ['-euc', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((word) => word !== '')).toEqual(completed);
});
