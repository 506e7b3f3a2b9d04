import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressTerm } from '../../core/effects.ts';
import type { Millis } from '../../core/timings.ts';
import type { AddressDriver, Ground } from './address-driver.ts';

export interface AddressByHook {
  readonly address: string;
  /** A program and what it is given first: `claim`, `release` or `status` comes behind. */
  readonly command: readonly string[];
  readonly withinSeconds: number;
}

type Word = 'claim' | 'release' | 'status';

/**
 * The address of a provider, a router or a load balancer, moved by the operator's own program. It is told the term, which grows
 * with each claim, since an order may arrive late. No two run at once; none outlives its time, nor for long the lease under which it claims.
 */
export class ByHook implements AddressDriver {
  readonly #at: AddressByHook;
  readonly #ground: Ground;
  /** Ends when all that was started has. */
  #last: Promise<unknown> = Promise.resolve();
  #claiming: { readonly revision: number; readonly done: Promise<void> } | undefined;
  #claimed: { readonly revision: number; readonly at: Millis } | undefined;
  #leaseUntil: Millis = Number.NEGATIVE_INFINITY;
  /** Of the last claim, which is to be released. */
  #term: AddressTerm | null = null;

  constructor(at: AddressByHook, ground: Ground) {
    [this.#at, this.#ground] = [at, ground];
  }

  /** Said again now and then: somebody may have moved it by hand. */
  async hold(until: Millis, term: AddressTerm): Promise<void> {
    [this.#leaseUntil, this.#term] = [until, term];
    const { revision } = term;
    if (this.#claimed?.revision === revision && this.#ageOf(this.#claimed) < AGAIN_EVERY_MS) return;
    if (this.#claiming?.revision !== revision)
      this.#claiming = { revision, done: this.#claim(term) };
    await this.#claiming.done;
  }

  /** What leads here goes on doing so, and this site's front passes on. */
  async refuseNew(): Promise<void> {}

  /** Another site may have claimed it since, if this one was not heard: so it is told what is released. */
  async drop(): Promise<void> {
    this.#claimed = undefined;
    this.#leaseUntil = Number.NEGATIVE_INFINITY;
    await this.#run('release', this.#term);
  }

  async present(): Promise<boolean> {
    const code = await this.#inTurn(() => this.#end('status', null, [0, ELSEWHERE]));
    return code === 0;
  }

  close(): void {}

  async #claim(term: AddressTerm): Promise<void> {
    try {
      await this.#run('claim', term);
      this.#claimed = { revision: term.revision, at: this.#ground.now() };
    } finally {
      this.#claiming = undefined;
    }
  }

  #ageOf({ at }: { readonly at: Millis }): Millis {
    return this.#ground.now() - at;
  }

  async #run(word: Word, term: AddressTerm | null): Promise<void> {
    await this.#inTurn(() => this.#end(word, term, [0]));
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  async #end(word: Word, term: AddressTerm | null, allowed: readonly number[]): Promise<number> {
    const [program, ...options] = this.#at.command;
    const child = spawn(program!, [...options, word], {
      // A group of its own: what it started ends with it.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, FAROL_ADDRESS: this.#at.address, ...(term && termIn(term)) },
    });
    const said = lastWords(child.stderr);
    const closed = new Promise((resolve) => child.once('close', resolve));
    const startedAt = this.#ground.now();
    const watch = setInterval(() => {
      if (this.#isOver(word, startedAt)) killGroup(child.pid);
    }, 100);
    try {
      const [code] = (await once(child, 'exit')) as [number | null];
      killGroup(child.pid);
      await Promise.race([closed, sleep(LAST_WORDS_WITHIN_MS)]);
      if (code !== null && allowed.includes(code)) return code;
      const how = code === null ? this.#whyKilled(startedAt) : `ended with ${code}`;
      throw new Error(`${program} ${word} ${how}${said() && `: ${said()}`}`);
    } finally {
      clearInterval(watch);
      child.stderr.destroy();
    }
  }

  #isOver(word: Word, startedAt: Millis): boolean {
    const now = this.#ground.now();
    if (now - startedAt >= this.#at.withinSeconds * 1_000) return true;
    return word === 'claim' && now >= this.#leaseUntil + LATE_MS;
  }

  #whyKilled(startedAt: Millis): string {
    const tookMs = this.#ground.now() - startedAt;
    return tookMs >= this.#at.withinSeconds * 1_000
      ? `was ended: it took ${this.#at.withinSeconds} s`
      : 'was ended: the lease of the address was over, or another program ended it';
  }
}

/** What `status` ends with where the address is not here. */
const ELSEWHERE = 1;
const AGAIN_EVERY_MS = 30_000;
/** Sooner than the lease is given up over a driver that does not answer (core/address/floating-address.ts), later than the next order. */
const LATE_MS = 1_800;
const LAST_WORDS_WITHIN_MS = 500;
const WORDS_MAX = 1_000;

const termIn = ({ clusterId, revision }: AddressTerm) => ({
  FAROL_CLUSTER: clusterId,
  FAROL_TERM: String(revision),
});

/** The end of what it said, for the operator. */
function lastWords(stream: NodeJS.ReadableStream): () => string {
  let said = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    said = (said + text).slice(-WORDS_MAX);
  });
  return () => said.trim();
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
  }
}
