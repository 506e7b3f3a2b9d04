import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ServerUnderTest extends AsyncDisposable {
  readonly url: string;
}

/** One server with a database of its own, as `npm start` runs it for anybody. */
export async function npmStart(): Promise<ServerUnderTest> {
  const data = mkdtempSync(join(tmpdir(), 'farol-clients-'));
  const options = ['--listen', '127.0.0.1:0', '--registration', 'open'];
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
    child.once('exit', () => reject(new Error(`the server ended:\n${said}`)));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      // npm, its shell and the server: the group ends, not only the first of them.
      process.kill(-child.pid!, 'SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(data, { recursive: true, force: true });
    },
  };
}
