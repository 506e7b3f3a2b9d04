import { setTimeout as sleep } from 'node:timers/promises';
import type { Effect } from './core/effects.ts';
import { explain } from './core/explain.ts';
import type { Input, Pending } from './core/inputs.ts';
import { step } from './core/machine.ts';
import { reasonRefused } from './core/own-name.ts';
import { type Routing, routing } from './core/routing.ts';
import { type Self, type State, start } from './core/state.ts';
import { type Millis, TIMINGS } from './core/timings.ts';
import type { Site } from './core/view.ts';
import type { Log, Ports } from './ports.ts';

/** How often each thing is looked at; faster while the answer is awaited. */
const EVERY = {
  tick: 100,
  server: { steady: 400, awaited: 100 },
  postgres: { steady: 500, awaited: 150 },
  front: { steady: 500, leaving: 100 },
  power: 5_000,
  certificates: 60_000,
  etcdLeader: 2_000,
} as const;

/** A loop that stood still for longer is told: pauses are what leases die of. */
const STALL_MS = 500;
const FIND_AGAIN_MS = 2_000;

export interface OperatorsAnswer {
  readonly accepted: boolean;
  readonly text: string;
}

/**
 * The loop around the machine: what is seen goes in, what it wants is done, and how that ended goes in
 * again. Nothing is decided here. All that must outlive this process is in etcd and in the kernel, so
 * one that is killed is followed by another that goes on (D9).
 */
export class Agent {
  readonly #ports: Ports;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #operators = new Map<string, (answer: OperatorsAnswer) => void>();
  readonly #trouble = new Map<Pending, string>();
  #state: State;
  #requests = 0;
  #refused: string | null = null;

  constructor(self: Self, ports: Ports, log: Log) {
    this.#ports = ports;
    this.#log = log;
    this.#state = start(self, ports.now());
  }

  get state(): State {
    return this.#state;
  }

  /** Null until all has been looked at once: a new agent must not say "no writer" for not knowing. */
  routing(): Routing | null {
    const { view, server } = this.#state;
    const unknown = this.#ports.site !== null && !Number.isFinite(server.lookedAt);
    if (view === null || unknown) return null;
    return routing(this.#state, this.#ports.now(), TIMINGS);
  }

  explain() {
    return explain(this.#state, this.#ports.now(), TIMINGS);
  }

  /** Called after every step, whether it changed something or not. */
  onStep(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  switchover(to: Site | null): Promise<OperatorsAnswer> {
    return this.#ask((id) => ({ kind: 'switchover-wanted', id, to }));
  }

  pause(forMs: Millis): Promise<OperatorsAnswer> {
    return this.#ask((id) => ({ kind: 'pause-wanted', id, forMs }));
  }

  /** Until the signal. Gives nothing up: the next process of this site goes on with it. */
  async run(signal: AbortSignal): Promise<void> {
    const { address, certificatesEnd, etcd, power, site, watch } = this.#ports;
    await Promise.all([
      address && this.#findAddress(address, signal),
      this.#tick(signal),
      watch((input) => this.#take(input), signal),
      this.#repeat(signal, EVERY.etcdLeader, async () => {
        return { kind: 'etcd-leader', ...(await etcd.leadership()) };
      }),
      this.#repeat(signal, EVERY.certificates, async () => {
        return { kind: 'certificates', end: await certificatesEnd() };
      }),
      power &&
        this.#repeat(signal, EVERY.power, async () => ({ kind: 'power', power: await power() })),
      site && this.#lookAtSite(site, signal),
    ]);
  }

  /** Until it is known: a missing network card is no reason to end, and to be started again and again (F28). */
  async #findAddress(address: NonNullable<Ports['address']>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#take({ kind: 'address-found', present: await address.present() });
        return;
      } catch (error) {
        this.#fail('hold-address', error);
      }
      await sleep(FIND_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #lookAtSite(site: NonNullable<Ports['site']>, signal: AbortSignal): Promise<void> {
    const { server, postgres } = EVERY;
    await Promise.all([
      this.#repeat(
        signal,
        () => (this.#awaitsServer() ? server.awaited : server.steady),
        async () => {
          const askedAt = this.#ports.now();
          try {
            return { kind: 'server', askedAt, server: await site.server.report() };
          } catch (error) {
            const gone = site.isGone(error);
            return {
              kind: 'server-silent',
              askedAt,
              gone,
              reason: gone ? 'not running' : say(error),
            };
          }
        },
      ),
      this.#repeat(
        signal,
        () => (this.#awaitsPrimary() ? postgres.awaited : postgres.steady),
        async () => {
          try {
            return { kind: 'postgres', postgres: await site.patroni.report() };
          } catch (error) {
            return { kind: 'postgres-silent', reason: say(error) };
          }
        },
      ),
      this.#repeat(
        signal,
        () => (this.#state.leaving === null ? EVERY.front.steady : EVERY.front.leaving),
        async () => ({ kind: 'front', ...(await site.front.health()) }),
      ),
    ]);
  }

  /** We lead, and it is not open yet; or we no longer lead, and it is not closed yet. */
  #awaitsServer(): boolean {
    const { leader, steppingDown, server } = this.#state;
    const wanted = leader !== null && steppingDown === null ? 'writer' : 'follower';
    return server.report?.role !== wanted;
  }

  /** Patroni's leader is changing, or it has just become ours. */
  #awaitsPrimary(): boolean {
    const { view, leader, switchover, self, wish } = this.#state;
    const key = view?.patroni.leader;
    return (
      switchover !== null ||
      wish !== null ||
      key === null ||
      (key?.site === self.site) !== (leader !== null)
    );
  }

  async #tick(signal: AbortSignal): Promise<void> {
    let last = this.#ports.now();
    while (!signal.aborted) {
      await sleep(EVERY.tick, undefined, { signal }).catch(() => undefined);
      const now = this.#ports.now();
      const stalledMs = now - last - EVERY.tick;
      if (stalledMs > STALL_MS) this.#log.warn({ stalledMs }, 'this process stood still');
      last = now;
      this.#take({ kind: 'tick' });
    }
  }

  /** Looks, waits, and looks again; what cannot be seen this time is seen the next time. */
  async #repeat(
    signal: AbortSignal,
    every: Millis | (() => Millis),
    look: () => Promise<Input>,
  ): Promise<void> {
    while (!signal.aborted) {
      const seen = await look().catch(() => null);
      if (signal.aborted) return;
      if (seen !== null) this.#take(seen);
      const pauseMs = typeof every === 'number' ? every : every();
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #take(input: Input): void {
    const { state, effects } = step(this.#state, input, this.#ports.now(), TIMINGS);
    this.#logChange(this.#state, state);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    for (const listener of this.#listeners) listener();
  }

  #perform(effect: Effect): void {
    this.#logDeed(effect);
    if (effect.kind === 'answer') {
      this.#operators.get(effect.id)?.({ accepted: effect.accepted, text: effect.text });
      this.#operators.delete(effect.id);
      return;
    }
    const pending = pendingOf(effect);
    this.#deed(effect).then(
      (input) => {
        this.#trouble.delete(pending);
        this.#take(input);
      },
      (error: unknown) => this.#fail(pending, error),
    );
  }

  #fail(pending: Pending, error: unknown): void {
    const reason = say(error);
    if (this.#trouble.get(pending) !== reason) this.#log.warn({ err: error }, `${pending} failed`);
    this.#trouble.set(pending, reason);
    this.#take({ kind: 'failed', effect: pending, reason });
  }

  async #deed(effect: Exclude<Effect, { kind: 'answer' }>): Promise<Input> {
    const { address, etcd } = this.#ports;
    switch (effect.kind) {
      case 'pulse': {
        const { sentAt, holds } = effect;
        return { kind: 'pulsed', sentAt, holds, ...(await etcd.pulse(effect)) };
      }
      case 'read':
        return { kind: 'read', view: await etcd.read() };
      case 'claim': {
        const { lease, sentAt } = effect;
        return { kind: 'claimed', lease, sentAt, ...(await etcd.claim(effect)) };
      }
      case 'release':
        return { kind: 'released', lease: effect.lease, view: await etcd.release(effect) };
      case 'patroni-lease': {
        const { lease, sentAt } = effect;
        return { kind: 'patroni-lease', lease, sentAt, ttlMs: await etcd.leaseLeftMs(lease) };
      }
      case 'tell-server':
        return { kind: 'told', ...(await this.#site().server.tell(effect)) };
      case 'hold-address':
        await address?.hold(effect.until);
        return { kind: 'address-held' };
      case 'refuse-connections':
        await address?.refuseNew();
        return { kind: 'done', effect: 'refuse-connections' };
      case 'drop-address':
        await address?.drop();
        return { kind: 'address-dropped' };
      case 'switchover':
        await this.#site().patroni.switchover(effect.from, effect.to);
        return { kind: 'done', effect: 'switchover' };
      case 'hand-over':
        await this.#site().handOver?.(effect);
        return { kind: 'done', effect: 'hand-over' };
      case 'cancel-switchover':
        await etcd.cancelSwitchover(effect);
        return { kind: 'done', effect: 'cancel-switchover' };
      case 'nominate':
        await etcd.nominate(effect);
        return { kind: 'done', effect: 'nominate' };
      case 'move-etcd-leader':
        await etcd.moveLeader(effect.member);
        return { kind: 'done', effect: 'move-etcd-leader' };
      case 'reinitialize':
        await this.#site().cloneAnew(effect.from);
        return { kind: 'done', effect: 'reinitialize' };
    }
  }

  #site(): NonNullable<Ports['site']> {
    if (this.#ports.site === null) throw new Error('a witness has no server and no Patroni');
    return this.#ports.site;
  }

  #ask(input: (id: string) => Input): Promise<OperatorsAnswer> {
    const id = String(++this.#requests);
    return new Promise((resolve) => {
      this.#operators.set(id, resolve);
      this.#take(input(id));
    });
  }

  #logDeed(effect: Effect): void {
    if (ROUTINE.has(effect.kind)) return;
    if (effect.kind === 'tell-server' && effect.role === 'writer') return;
    const { kind, ...details } = effect;
    this.#log.info('report' in details ? { ...details, report: undefined } : details, kind);
  }

  #logChange(before: State, after: State): void {
    for (const lease of ['leader', 'address'] as const) {
      const [was, is] = [before[lease]?.revision, after[lease]?.revision];
      if (was !== is)
        this.#log.info({ lease, term: is ?? null }, is ? 'holds a lease' : 'lost a lease');
    }
    const role = after.server.report?.role;
    if (role !== before.server.report?.role) {
      this.#log.info(
        { role: role ?? null, epoch: after.server.report?.epoch },
        'the server says its role',
      );
    }
    const [was, is] = [before.view?.patroni.leader?.site, after.view?.patroni.leader?.site];
    if (was !== is)
      this.#log.info({ was: was ?? null, is: is ?? null }, "Patroni's leader changed");
    const refused = reasonRefused(after, this.#ports.now(), TIMINGS);
    if (refused !== null && refused !== this.#refused)
      this.#log.warn({ why: refused }, 'this machine is refused');
    this.#refused = refused;
    if (after.steppingDown !== null && before.steppingDown === null) {
      this.#log.info({ why: after.steppingDown.why }, 'steps down');
    }
  }
}

/** What is done all the time. */
const ROUTINE: ReadonlySet<Effect['kind']> = new Set([
  'pulse',
  'read',
  'patroni-lease',
  'hold-address',
]);

function pendingOf(effect: Exclude<Effect, { kind: 'answer' }>): Pending {
  return effect.kind === 'claim' || effect.kind === 'release'
    ? `${effect.kind} ${effect.lease}`
    : effect.kind;
}

function say(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
