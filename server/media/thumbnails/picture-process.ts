import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drawn, Measured, Said, Task, Told, Undrawable } from './picture-messages.ts';
import type { Drawing } from './thumbnail-size.ts';

export interface PictureBounds {
  /** From when it has the picture. */
  readonly withinMs: number;
  /** For pictures. */
  readonly memoryBytesMax: number;
  /** Without anything to do it ends. */
  readonly idleMs: number;
}

const PROGRAM = join(import.meta.dirname, 'picture-program.ts');
const STARTS_WITHIN_MS = 60_000;

/** The process was ended from outside. */
export class PictureInterrupted extends Error {
  override readonly name = 'PictureInterrupted';
}

/**
 * Draws one picture at a time in a process of its own, which is started when it is needed. A picture that makes it fall,
 * or takes too long, is undrawable, and the next one gets a new process.
 */
export class PictureProcess {
  readonly #bounds: PictureBounds;
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(bounds: PictureBounds) {
    this.#bounds = bounds;
  }

  /** Throws where the process cannot be started, or `picture` throws. */
  draw(picture: AsyncIterable<Buffer>, drawing: Drawing): Promise<Drawn | Undrawable> {
    return this.#ask(picture, { kind: 'draw', drawing }) as Promise<Drawn | Undrawable>;
  }

  measure(picture: Buffer): Promise<Measured | Undrawable> {
    const task = { kind: 'measure' } as const;
    return this.#ask(inOne(picture), task) as Promise<Measured | Undrawable>;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async #ask(picture: AsyncIterable<Buffer>, task: Task): Promise<Said> {
    clearTimeout(this.#idle);
    const child = this.#child ?? (await this.#start());
    try {
      return await this.#doneBy(child, picture, task);
    } catch (error) {
      // It has half a picture.
      this.close();
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.close(), this.#bounds.idleMs).unref();
    }
  }

  async #doneBy(child: ChildProcess, picture: AsyncIterable<Buffer>, task: Task): Promise<Said> {
    using next = nextOf(child);
    for await (const bytes of picture) await tell(child, { kind: 'bytes', bytes });
    await tell(child, task);
    const said = await next.within(this.#bounds.withinMs);
    if (said && said.kind !== 'ready') return said;
    // Its own bounds end it otherwise: the server that ends, and a machine that is short of memory, blame no picture.
    if (child.signalCode === 'SIGKILL') throw new PictureInterrupted();
    this.close();
    return { kind: 'undrawable', why: 'too large' };
  }

  async #start(): Promise<ChildProcess> {
    const options = [this.#limited(), process.execPath, ...FLAGS, PROGRAM];
    const child = spawn('/bin/sh', ['-c', ...options], {
      // Nothing of ours: not the secrets of the environment, and no output.
      env: { MALLOC_ARENA_MAX: '2', VIPS_BLOCK_UNTRUSTED: '1' },
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    // Whoever waits for it sees that it has ended.
    child.on('error', () => {});
    const complaint = saidInErrorBy(child);
    using next = nextOf(child);
    if (!(await next.within(STARTS_WITHIN_MS))) {
      child.kill('SIGKILL');
      throw new Error(`The process that makes thumbnails does not start: ${complaint()}`);
    }
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }

  /** `RLIMIT_DATA`, and no core dumps. What a system does not know is passed over. */
  #limited(): string {
    const kib = Math.floor((NODE_BYTES + this.#bounds.memoryBytesMax) / 1_024);
    return `ulimit -c 0; ulimit -d ${kib}; exec "$0" "$@"`;
  }
}

async function* inOne(bytes: Buffer) {
  yield bytes;
}

/** What Node takes to run this program, nearly all of it address space that is kept for code. */
const NODE_BYTES = 704 * 1_024 * 1_024;
/** The picture itself is not in this heap. */
const FLAGS = ['--max-old-space-size=64'];

/** What it says next; undefined where it ends before, or is too slow. */
function nextOf(child: ChildProcess) {
  const end = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Said | undefined>();
  const over = () => resolve(undefined);
  child.once('message', resolve);
  child.once('close', over);
  child.once('error', over);
  return {
    within(ms: number): Promise<Said | undefined> {
      const tooLate = sleep(ms, undefined, { signal: end.signal, ref: false });
      return Promise.race([promise, tooLate.catch(() => undefined)]);
    },
    [Symbol.dispose]() {
      end.abort();
      child.off('message', resolve).off('close', over).off('error', over);
    },
  };
}

/** Resolves when it is on its way, or cannot be: then the process has ended, which is seen elsewhere. */
const tell = (child: ChildProcess, told: Told): Promise<void> =>
  new Promise((resolve) => {
    if (child.connected) child.send(told, () => resolve());
    else resolve();
  });

const COMPLAINT_LENGTH_MAX = 2_000;

function saidInErrorBy(child: ChildProcess): () => string {
  let said = '';
  const { stderr } = child;
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < COMPLAINT_LENGTH_MAX) said += text.slice(0, COMPLAINT_LENGTH_MAX);
  });
  (stderr as Socket | null)?.unref();
  return () => said.trim();
}
