import type { Site } from '../../view.ts';
import type { Etcd } from '../etcd.ts';
import type { Postgres } from '../postgres.ts';
import type { Store } from '../store.ts';
import type { World } from '../world.ts';
import { DISK_AGAIN_MS, RETRY_MS } from './timings.ts';

/** What takes long and is done one at a time: while it lasts only the lease is prolonged. */
export type Undertaking =
  | 'promoting'
  | 'stopping'
  | 'starting'
  | 'rewinding'
  | 'cloning'
  | 'assigning';

/** A process that may be ended, frozen and started again, and what it does only for as long as it lives. */
export class Process {
  readonly site: Site;
  readonly postgres: Postgres;
  readonly etcd: Etcd;
  readonly world: World;
  busy: Undertaking | null = null;
  looping = false;
  /** As its last loop read it. */
  paused = false;
  #running = true;
  #frozenUntil = 0;
  /** What waits until it is no longer frozen. */
  readonly #putOff: (() => void)[] = [];
  /** Rises with each stop, so that what was under way before is forgotten. */
  #life = 0;

  constructor(postgres: Postgres, etcd: Etcd, world: World) {
    this.site = postgres.site;
    [this.postgres, this.etcd, this.world] = [postgres, etcd, world];
  }

  get running(): boolean {
    return this.#running;
  }

  get life(): number {
    return this.#life;
  }

  works(): boolean {
    const { network, time } = this.world;
    return this.#running && network.isOn(this.site) && this.#frozenUntil <= time.now;
  }

  freeze(forMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.world.time.now + forMs);
  }

  thaw(): void {
    this.#frozenUntil = this.world.time.now;
    this.#goOn();
  }

  start(): void {
    this.#running = true;
    this.#life++;
    this.#frozenUntil = 0;
  }

  end(): void {
    this.#running = false;
    this.abandon();
  }

  /** What is under way is forgotten; the process lives on. */
  abandon(): void {
    this.#life++;
    [this.busy, this.looping] = [null, false];
  }

  /** Once more before it gives up, within retry_timeout. */
  ask<T>(apply: (store: Store) => T, then: (value: T | null) => void, tries = 2): void {
    const life = this.#life;
    this.etcd.request({
      from: this.site,
      pinned: true,
      deadlineMs: RETRY_MS / 2,
      apply,
      answer: (answer) => {
        this.whenThawed(life, () => {
          if (answer.ok) then(answer.value);
          else if (tries > 1) this.ask(apply, then, tries - 1);
          else then(null);
        });
      },
    });
  }

  later(delayMs: number, act: () => void): void {
    const life = this.#life;
    this.world.time.after(delayMs, () => this.whenThawed(life, act));
  }

  /** What writes there waits for the disk, and nobody can end it before. */
  onDisk(delayMs: number, act: () => void): void {
    this.later(delayMs, () => {
      if (this.postgres.disk.stalled) this.onDisk(DISK_AGAIN_MS, act);
      else act();
    });
  }

  whenThawed(life: number, act: () => void): void {
    if (life !== this.#life) return;
    const { time } = this.world;
    if (this.#frozenUntil > time.now) {
      this.#putOff.push(() => this.whenThawed(life, act));
      time.at(this.#frozenUntil + 1, () => this.#goOn());
    } else act();
  }

  /** Who was frozen anew meanwhile puts it off once more. */
  #goOn(): void {
    for (const act of this.#putOff.splice(0)) act();
  }
}
