import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ScanProgram } from './scan-program.ts';
import { ScannerAway } from './scanner.ts';

const run = promisify(execFile);

test('where no more files can be opened the scanner is away, and the server goes on', async () => {
  const { href } = new URL('scan-program.ts', import.meta.url);
  const script = `
    import { openSync } from 'node:fs';
    const { ScanProgram } = await import(${JSON.stringify(href)});
    process.stdout.write('');
    try { for (;;) openSync('/dev/null'); } catch {}
    const told = await new ScanProgram('/bin/true').scan([], new AbortController().signal).catch((error) => error);
    console.log(told.name + ': ' + told.message);`;
  const shell = 'ulimit -n 100; exec "$0" --input-type=module --no-warnings -e "$1"';
  const { stdout } = await run('/bin/sh', ['-c', shell, process.execPath, script]);
  expect(stdout).toBe('ScannerAway: /bin/true cannot be run (spawn /bin/true EMFILE)\n');
});

test('so it is where the system refuses the program before there is one', async () => {
  const { PATH } = process.env;
  try {
    // Longer than the kernel takes one (MAX_ARG_STRLEN).
    process.env.PATH = 'x'.repeat(200_000);
    const scan = new ScanProgram('/bin/true').scan(none(), new AbortController().signal);
    await expect(scan).rejects.toThrow(ScannerAway);
  } finally {
    process.env.PATH = PATH;
  }
});

async function* none(): AsyncGenerator<Buffer> {}
