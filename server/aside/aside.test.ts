import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { processesOf } from '../../test/support/aside/processes-of.ts';
import { Aside, type AsideProgram } from './aside.ts';
import type { Talk } from './talk.ts';

const SUPPORT = join(import.meta.dirname, '../../test/support/aside');
const ECHO: AsideProgram = {
  file: join(SUPPORT, 'echo-program.ts'),
  ...{ doing: 'says all again', flags: [], idleMs: 60_000 },
};

test('it is started when it is needed, and ends without anything to do', async () => {
  const at = bench({ ...ECHO, idleMs: 0 });
  expect(at.isRunning).toBe(false);
  expect(await at.use(answerTo('one'))).toBe('one');
  await expect.poll(() => processesAside()).toEqual([]);
  expect(at.isRunning).toBe(false);
  expect(await at.use(answerTo('two'))).toBe('two');
});

test('one process does one thing after the other', async () => {
  const at = bench();
  await at.use(answerTo('one'));
  const first = processesAside();
  expect(first).toHaveLength(1);
  expect(await at.use(answerTo('two'))).toBe('two');
  expect(processesAside()).toEqual(first);
});

test('what is said in several pieces is heard in order', async () => {
  const pieces = ['one', 'two', 'three'];
  const heard = await bench().use(async (talk) => {
    for (const piece of pieces) await talk.tell(piece);
    return [await talk.hear(60_000), await talk.hear(60_000), await talk.hear(60_000)];
  });
  expect(heard).toEqual(pieces);
});

test('one that falls is seen to, with what it complained of, and is replaced', async () => {
  const at = bench();
  await at.use(async (talk) => {
    await talk.tell('fall');
    expect(await talk.hear(60_000)).toBeUndefined();
    expect(talk.wasKilled).toBe(false);
    expect(talk.end?.message).toBe('the process ended (exit code 1)');
    expect(talk.end?.cause).toContain('it fell');
  });
  await expect.poll(() => at.isRunning).toBe(false);
  expect(await at.use(answerTo('one'))).toBe('one');
});

test('one that computes for ever has its time, and is ended where the work is given up', async () => {
  const at = bench();
  const forEver = at.use(async (talk) => {
    await talk.tell('compute for ever');
    expect(await talk.hear(50)).toBeUndefined();
    throw new Error('given up');
  });
  await expect(forEver).rejects.toThrow('given up');
  await expect.poll(() => processesAside()).toEqual([]);
  expect(await at.use(answerTo('one'))).toBe('one');
});

test('one that does not read what it is told is ended', async () => {
  const at = bench();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await at.use(async (talk) => {
    await talk.tell('here');
    expect(await talk.hear(1)).toBe('here');
    const [pid] = processesAside();
    process.kill(pid!, 'SIGSTOP');
    // More than lies in a socket.
    const told = talk.tell('x'.repeat(10_000_000));
    await vi.advanceTimersByTimeAsync(60_000);
    await told;
    expect(await talk.hear(1)).toBeUndefined();
    expect([talk.wasKilled, talk.wasGivenUp]).toEqual([true, false]);
  });
});

test('one that cannot be started says why', async () => {
  const at = bench({ ...ECHO, file: join(SUPPORT, 'nowhere.ts') });
  await expect(at.use(answerTo('one'))).rejects.toThrow(
    /^The process that says all again does not start: .*nowhere/s,
  );
  expect(at.isRunning).toBe(false);
});

test('it knows nothing of the environment of the server, and goes before it where memory ends', async () => {
  process.env.FAROL_SECRET = 'hush';
  const at = bench({ ...ECHO, env: { GIVEN: 'yes' } });
  await at.use(answerTo('one'));
  const [pid] = processesAside();
  const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  expect(environment).toContain('GIVEN=yes');
  expect(environment).not.toContain('hush');
  expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim()).toBe('800');
});

test('where the server is killed it ends, however busy it is', async () => {
  const parent = spawn(process.execPath, [join(SUPPORT, 'parent-program.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  await once(parent.stdout, 'data');
  const [pid] = processesAside(parent.pid);
  onTestFinished(() => {
    if (existsSync(`/proc/${pid}`)) process.kill(pid!, 'SIGKILL');
  });
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

function bench(program: AsideProgram = ECHO) {
  const aside = new Aside<string, string>(program);
  onTestFinished(() => aside.close());
  return aside;
}

const answerTo = (told: string) => async (talk: Talk<string, string>) => {
  await talk.tell(told);
  return talk.hear(60_000);
};

const processesAside = (parentPid?: number) => processesOf('echo-program.ts', parentPid);
