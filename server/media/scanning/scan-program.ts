import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { found, type Opinion, type Scanner, ScannerAway, Unscannable } from './scanner.ts';

const SAID_LENGTH_MAX = 4_096;

/**
 * The operator's own program. It has the file on its standard input, and says by its exit status what it thinks, as
 * clamscan does: 0 for nothing found; 1 with a line of output that says what; all else is no opinion.
 */
export class ScanProgram implements Scanner {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async scan(file: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Opinion> {
    signal.throwIfAborted();
    const child = await started(this.#path);
    const end = () => endGroup(child);
    signal.addEventListener('abort', end, { once: true });
    try {
      signal.throwIfAborted();
      const ended = endOf(child);
      await Promise.race([told(child.stdin, file), ended]);
      return opinionIn(await ended);
    } finally {
      signal.removeEventListener('abort', end);
      end();
      // Whatever left the group may hold it open for ever.
      child.stdout.destroy();
    }
  }
}

type Running = ChildProcessByStdio<Writable, Readable, null>;

/** Some of what goes wrong is thrown, and some told; where descriptors or processes run out, without pipes (EMFILE). */
async function started(path: string): Promise<Running> {
  try {
    const child = spawn(path, [], {
      // Nothing of ours: not the secrets of the environment.
      env: { PATH: process.env.PATH },
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own, so that what it has started ends with it.
      detached: true,
    });
    await once(child, 'spawn');
    return child;
  } catch (cause) {
    throw new ScannerAway(`${path} cannot be run (${(cause as Error).message})`, { cause });
  }
}

interface Ended {
  readonly status: number | null;
  readonly said: string;
}

function endOf(child: Running): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < SAID_LENGTH_MAX) said += text;
  });
  child.on('error', reject);
  child.on('close', (status) => resolve({ status, said }));
  promise.catch(() => {});
  return promise;
}

/** A program that has seen enough need not read the rest. */
async function told(input: Writable, file: AsyncIterable<Buffer>): Promise<void> {
  input.on('error', () => {});
  for await (const bytes of file) if (!(await isTaken(input, bytes))) return;
  input.end();
}

const isTaken = (input: Writable, bytes: Buffer): Promise<boolean> =>
  new Promise((resolve) => void input.write(bytes, (error) => resolve(!error)));

function endGroup({ pid }: Running): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** A program that falls over often ends with 1, too, but says nothing on its standard output. */
function opinionIn({ status, said }: Ended): Opinion {
  const [line = ''] = said.trim().split('\n');
  if (status === 0) return { kind: 'clean' };
  if (status === 1 && line !== '') return found(line);
  throw new Unscannable(`the scan program has ended with ${status ?? 'a signal'} and no opinion`);
}
