import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Running, Talk } from './talk.ts';

export interface AsideProgram {
  /** The path of what calls `serveAside`. */
  readonly file: string;
  /** In an operator's words: "makes thumbnails". */
  readonly doing: string;
  /** Bounds that Node knows. */
  readonly flags: readonly string[];
  /** `RLIMIT_DATA`. */
  readonly dataBytesMax?: number;
  /** All that it has of an environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Without anything to do it ends. */
  readonly idleMs: number;
}

const STARTS_WITHIN_MS = 60_000;

/**
 * A program of ours in a process of its own, which is started when it is needed and ends without work, or with this one. What
 * it makes of what strangers have sent may take too long, too much memory, or make V8 itself fall: that ends it, and never
 * the writer. Why no thread: README.
 */
export class Aside<Told, Said> {
  readonly #program: AsideProgram;
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(program: AsideProgram) {
    this.#program = program;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * One after the other: whoever calls this sees to turns. Where `work` throws it may wait for what never comes: it is ended,
   * and the next one gets a new process. Throws where it cannot be started.
   */
  async use<T>(work: (talk: Talk<Told, Said>) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    const running = this.#running ?? (await this.#start());
    using talk = new Talk<Told, Said>(running);
    try {
      return await work(talk);
    } catch (error) {
      this.#end(running);
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.close(), this.#program.idleMs).unref();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    if (this.#running) this.#end(this.#running);
  }

  #end(running: Running): void {
    running.isGivenUp = true;
    running.child.kill('SIGKILL');
    if (this.#running === running) this.#running = undefined;
  }

  async #start(): Promise<Running> {
    const { file, flags, env, doing } = this.#program;
    const options = [this.#limited(), process.execPath, ...flags, file];
    const child = spawn('/bin/sh', ['-c', ...options], {
      // Nothing of ours: not the secrets of the environment, and no output.
      env: { MALLOC_ARENA_MAX: '2', ...env },
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    // Whoever waits for it sees that it has ended.
    child.on('error', () => {});
    const running = { child, complaint: saidInErrorBy(child), isGivenUp: false };
    using talk = new Talk<never, unknown>(running);
    if ((await talk.hear(STARTS_WITHIN_MS)) === undefined) {
      child.kill('SIGKILL');
      throw new Error(`The process that ${doing} does not start: ${running.complaint()}`);
    }
    child.once('close', () => {
      if (this.#running === running) this.#running = undefined;
    });
    child.unref();
    child.channel?.unref();
    this.#running = running;
    return running;
  }

  /**
   * No core dumps, and of data what it may have. A process that is busy hears of no end of its parent, so where there is
   * `setpriv` the kernel sees to that. What a system does not know is passed over.
   */
  #limited(): string {
    const { dataBytesMax } = this.#program;
    const data =
      dataBytesMax === undefined ? '' : `ulimit -d ${Math.floor(dataBytesMax / 1_024)}; `;
    return `ulimit -c 0; ${data}setpriv --pdeathsig KILL true 2>/dev/null && exec setpriv --pdeathsig KILL "$0" "$@"; exec "$0" "$@"`;
  }
}

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
