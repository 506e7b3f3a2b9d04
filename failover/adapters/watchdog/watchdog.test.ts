import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

test('a process whose event loop stands still is ended, and says where it stood', async () => {
  const { exit, said } = run(`
    function spinForEver() { for (;;); }
    setTimeout(spinForEver, 200);
  `);
  expect(await exit).toEqual([null, 'SIGKILL']);
  const { stack, msg } = JSON.parse(await said) as { stack: string[]; msg: string };
  expect(msg).toContain('stands still');
  expect(stack[0]).toContain('spinForEver');
});

test('so is one that starves its timers by promises', async () => {
  // Between two promises no function of the program is on the stack: so it works for a while in each.
  const { exit, said } = run(`
    async function starve() { for (;;) { for (let i = 0; i < 1e7; i++); await undefined; } }
    setTimeout(starve, 200);
  `);
  expect(await exit).toEqual([null, 'SIGKILL']);
  expect(await said).toContain('starve');
});

test('so is one whose stderr is full, since nobody reads it', async () => {
  const { child, exit } = run(`
    const fs = await import('node:fs');
    const full = setInterval(() => fs.write(2, 'x'.repeat(1_000_000), () => undefined), 10);
    setTimeout(() => { clearInterval(full); for (;;); }, 300);
  `);
  child.stderr.pause();
  expect(await exit).toEqual([null, 'SIGKILL']);
});

test('one that was stopped as a whole goes on, and it may end by itself', async () => {
  const { child, exit, said } = run(`setTimeout(() => {}, ${3 * STANDSTILL_MS});`);
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  await sleep(2 * STANDSTILL_MS);
  child.kill('SIGCONT');
  expect(await exit).toEqual([0, null]);
  expect(await said).toBe('');
});

const STANDSTILL_MS = 1_000;
/** On a machine with other work a busy thread may take seconds to say where it is. */
const STACK_WITHIN_MS = 15_000;

function run(program: string) {
  const watchdog = JSON.stringify(join(import.meta.dirname, 'watchdog.ts'));
  const start = `const { startWatchdog } = await import(${watchdog}); startWatchdog(${STANDSTILL_MS}, ${STACK_WITHIN_MS});`;
  const options = ['--input-type=module', '--eval', `${start} console.log('watched'); ${program}`];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    child,
    exit: once(child, 'exit'),
    get said() {
      return text(child.stderr);
    },
  };
}
