import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { V8_OPTIONS } from '../../server/role/process-options.ts';

const MAIN = join(import.meta.dirname, '../../server/main.ts');

export interface Program {
  readonly process: ChildProcess;
  /** All that it wrote so far. */
  said(): string;
  /** Resolves with the URL once it answers there; rejects if it ends before. */
  ready(): Promise<string>;
  /** Resolves with the exit code when it has ended. */
  ended(): Promise<number | null>;
}

/** The server as a process of its own, as `npm start` runs it. Stopped when the test ends. */
export function startProgram(options: readonly string[]): Program {
  const child = spawn(process.execPath, [...V8_OPTIONS, MAIN, ...options]);
  let said = '';
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const url = /ready at (\S+)/.exec(said)?.[1];
      if (url !== undefined) ready.resolve(url);
    });
  }
  const ended = once(child, 'exit').then(() => {
    ready.reject(new Error(`It ended before it was ready: ${said}`));
    return child.exitCode;
  });
  ready.promise.catch(() => {});
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { process: child, said: () => said, ready: () => ready.promise, ended: () => ended };
}
