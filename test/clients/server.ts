import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerUnderTest extends AsyncDisposable {
  readonly url: string;
}

/** One server with a database of its own, as `npm start` runs it for anybody; with what the operator says besides. */
export async function npmStart(more: readonly string[] = []): Promise<ServerUnderTest> {
  const data = mkdtempSync(join(tmpdir(), 'farol-clients-'));
  const options = ['--listen', '127.0.0.1:0', '--registration', 'open', ...more];
  const child = spawn(
    'npm',
    ['start', '--', '--data', data, ...options, '--rate-limits-enabled', 'false'],
    { cwd: join(import.meta.dirname, '../..'), detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /ready at (http:\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once('exit', () => {
      rmSync(data, { recursive: true, force: true });
      reject(new Error(`the server ended:\n${said}`));
    });
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      // npm, its shell, the server and its database: npm is the first of them to end.
      process.kill(-child.pid!, 'SIGTERM');
      while (isAlive(child.pid!)) await sleep(20);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Whether anybody is left in the process group. */
function isAlive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
