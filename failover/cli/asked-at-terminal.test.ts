import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

const ENTER = '\r';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACE = '\u007f';

test('a password is taken as it is typed, with what was taken back, and nobody beside sees it', async () => {
  const { shows, ended } = await asked('password', `sesanm${BACKSPACE}e, open${ENTER}`);
  expect(await ended).toBe(0);
  expect(shows()).toContain('answered: "sesane, open"');
  expect(shows().split('answered:', 1)[0]).not.toMatch(/sesan|open/);
});

test('what confirms an order is shown as it is typed', async () => {
  const { shows, ended } = await asked('order', `without b${ENTER}`);
  expect(await ended).toBe(0);
  expect(shows()).toContain('answered: "without b"');
  expect(shows().split('answered:', 1)[0]).toContain('without b');
});

test.each([
  ['Ctrl-C', CTRL_C],
  ['Ctrl-D', CTRL_D],
  ['Ctrl-C behind half a word', `without${CTRL_C}`],
])('who leaves a question by %s has said nothing', async (_how, keys) => {
  const order = await asked('order', keys);
  expect(await order.ended).toBe(0);
  expect(order.shows()).toContain('\nanswered: null');
  const password = await asked('password', keys);
  expect(await password.ended).toBe(0);
  expect(password.shows()).toContain('answered: Error: No password was typed; nothing was done');
});

/** A question at a terminal of its own (`script` of util-linux makes it), and keys that are pressed once it is there. */
async function asked(what: 'password' | 'order', keys: string) {
  const command = `'${process.execPath}' '${ASKS}' ${what}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([status]) => status as number);
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await vi.waitFor(() => expect(shown).toContain('Who goes there? '));
  child.stdin.write(keys);
  return { shows: () => shown.replaceAll('\r', ''), ended };
}

const ASKS = join(import.meta.dirname, '../../test/support/asks.ts');
