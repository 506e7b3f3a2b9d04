import type { ChildProcess } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';

/** It takes what it is told, or stands still. */
const TAKES_WITHIN_MS = 60_000;

export interface Running {
  readonly child: ChildProcess;
  /** What it wrote to its stderr. */
  readonly complaint: () => string;
  /** It was no more needed: the server ends, or whoever worked with it gave up. */
  isGivenUp: boolean;
}

/** With a process aside, about one thing. Messages are to be small: each is written, and read, at a stroke. */
export class Talk<Told, Said> implements Disposable {
  readonly #running: Running;
  readonly #heard: Said[] = [];
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(running: Running) {
    this.#running = running;
    running.child.on('message', this.#hears).once('close', this.#ends).once('error', this.#ends);
  }

  /** The server that ends has ended it, or who gave it up: nothing else does. */
  get wasGivenUp(): boolean {
    return this.#running.isGivenUp;
  }

  /** Also by a machine that is short of memory, or by us where it did not read. Its own bounds end it otherwise. */
  get wasKilled(): boolean {
    return this.#child.signalCode === 'SIGKILL';
  }

  /** How it ended, with its own words as the cause; undefined while it runs. */
  get end(): Error | undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    const how = signalCode ?? `exit code ${exitCode}`;
    return new Error(`the process ended (${how})`, { cause: this.#running.complaint() });
  }

  /** Resolves in a later turn, when it is on its way, or cannot be: then the process has ended, which is heard. */
  async tell(told: Told): Promise<void> {
    const child = this.#child;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    if (!child.connected) return;
    const tooLate = setTimeout(() => child.kill('SIGKILL'), TAKES_WITHIN_MS).unref();
    child.once('close', resolve);
    child.send(told as object, resolve);
    await promise;
    clearTimeout(tooLate);
    child.off('close', resolve);
    await turn();
  }

  /** What it says next; undefined where it has ended, or is too slow. */
  async hear(withinMs: number): Promise<Said | undefined> {
    if (this.#heard.length === 0 && !this.#hasEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const tooLate = setTimeout(resolve, Math.max(0, withinMs)).unref();
      await promise;
      clearTimeout(tooLate);
    }
    return this.#heard.shift();
  }

  get #child(): ChildProcess {
    return this.#running.child;
  }

  [Symbol.dispose](): void {
    this.#child.off('message', this.#hears).off('close', this.#ends).off('error', this.#ends);
  }

  readonly #hears = (said: Said) => {
    this.#heard.push(said);
    this.#wake();
  };

  readonly #ends = () => {
    this.#hasEnded = true;
    this.#wake();
  };
}
