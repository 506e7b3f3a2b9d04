import { setTimeout as sleep } from 'node:timers/promises';
import { type Routing, routing } from './core/address/routing.ts';
import { type Effect, pendingOf, perform } from './core/effects.ts';
import type { Input, Pending, RecoveryWanted } from './core/inputs.ts';
import { step } from './core/machine.ts';
import { wordNow } from './core/pulse/word.ts';
import { type Looked, type PromotionPlan, planPromotion } from './core/recovery/promotion.ts';
import { type Plan, planRecovery } from './core/recovery/recovery.ts';
import { type Self, type State, start } from './core/state.ts';
import { type Millis, TIMINGS } from './core/timings.ts';
import { explain } from './core/told/explain.ts';
import type { Site } from './core/view.ts';
import { type AgentsDeeds, deedsOf } from './deeds.ts';
import { type Look, looksOf } from './looks.ts';
import { Narrator } from './narrate.ts';
import { Operators, type OperatorsAnswer } from './operators.ts';
import { type Address, type AskedByPeers, type Log, type Ports, reasonOf } from './ports.ts';
import { Questions } from './questions.ts';

const TICK_MS = 100;
/** A loop that stood still for longer is told: pauses are what leases die of. */
const STALL_MS = 500;
const FIND_AGAIN_MS = 2_000;

/**
 * The loop around the machine: what is seen goes in, what it wants is done, and how that ended goes in
 * again. Nothing is decided here. All that must outlive this process is in etcd and in the kernel, so
 * one that is killed is followed by another that goes on (D9).
 */
export class Agent {
  readonly #ports: Ports;
  readonly #operators = new Operators();
  readonly #questions = new Questions();
  readonly #deeds: AgentsDeeds;
  readonly #narrator: Narrator;
  readonly #listeners = new Set<() => void>();
  #state: State;

  constructor(self: Self, ports: Ports, log: Log) {
    this.#ports = ports;
    this.#deeds = deedsOf(ports, this.#operators, this.#questions);
    this.#narrator = new Narrator(log);
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
    return this.#operators.ask((id) => this.#take({ kind: 'switchover-wanted', id, to }));
  }

  pause(forMs: Millis): Promise<OperatorsAnswer> {
    return this.#operators.ask((id) => this.#take({ kind: 'pause-wanted', id, forMs }));
  }

  /** What an operator would go on with, and without, by what is known now. */
  recovery(to: Site | null): Plan {
    return planRecovery(this.#state, to, this.#ports.now(), TIMINGS);
  }

  /** What would be lost if etcd went on here without its other member, by what is known now. */
  promotion(looked: Looked): PromotionPlan {
    return planPromotion(this.#state, looked, this.#ports.now(), TIMINGS);
  }

  recover(order: Omit<RecoveryWanted, 'kind' | 'id'>): Promise<OperatorsAnswer> {
    return this.#operators.ask((id) => this.#take({ kind: 'recovery-wanted', id, ...order }));
  }

  /** Until the signal. Gives nothing up: the next process of this site goes on with it. */
  async run(signal: AbortSignal): Promise<void> {
    const { address, watch, peers } = this.#ports;
    // First of all: what it bound itself to holds for this process, too, also where failsafe has been switched off since.
    const bound = (await peers?.leaveNoted()) ?? 0;
    if (bound > this.#ports.now()) this.#take({ kind: 'leave-given', until: bound });
    // Nor does it cover anybody whom it has promised to confirm nothing from, also where the third fence has been switched off since.
    const block = (await this.#ports.site?.blocking?.noted()) ?? null;
    if (block !== null) this.#take({ kind: 'block-found', block });
    await Promise.all([
      address && this.#findAddress(address, signal),
      this.#tick(signal),
      watch((input) => this.#take(input), signal),
      peers?.serve(this.#asked, signal),
      ...looksOf(this.#ports).map((look) => this.#repeat(look, signal)),
    ]);
  }

  /** What the agents of other sites are told. */
  readonly #asked: AskedByPeers = {
    word: () => wordNow(this.#state, this.#ports.now(), TIMINGS),
    leave: (site, term) =>
      this.#questions.ask((id) => this.#take({ kind: 'leave-asked', id, site, term })),
    cover: (site, term) =>
      this.#questions.ask((id) => this.#take({ kind: 'cover-asked', id, site, term })),
    refused: (stranger) => this.#take({ kind: 'peer-refused', stranger }),
  };

  /** Until it is known: a missing network card is no reason to end, and to be started again and again (F28). */
  async #findAddress(address: Address, signal: AbortSignal): Promise<void> {
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

  async #tick(signal: AbortSignal): Promise<void> {
    let last = this.#ports.now();
    while (!signal.aborted) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      const now = this.#ports.now();
      const stalledMs = now - last - TICK_MS;
      if (stalledMs > STALL_MS) this.#narrator.stoodStill(stalledMs);
      last = now;
      this.#take({ kind: 'tick' });
    }
  }

  /** Looks, waits, and looks again. */
  async #repeat({ see, everyMs }: Look, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const seen = await see().catch(() => null);
      if (signal.aborted) return;
      if (seen !== null) this.#take(seen);
      await sleep(everyMs(this.#state), undefined, { signal }).catch(() => undefined);
    }
  }

  #take(input: Input): void {
    const now = this.#ports.now();
    const { state, effects } = step(this.#state, input, now, TIMINGS);
    this.#narrator.changed(this.#state, state, now);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    for (const listener of this.#listeners) listener();
  }

  #perform(effect: Effect): void {
    this.#narrator.does(effect);
    const done = perform(this.#deeds, effect);
    if (effect.kind === 'answer') return;
    const pending = pendingOf(effect);
    done.then(
      (input) => {
        this.#narrator.succeeded(pending);
        if (input !== null) this.#take(input);
      },
      (error: unknown) => this.#fail(pending, error),
    );
  }

  #fail(pending: Pending, error: unknown): void {
    const reason = reasonOf(error);
    this.#narrator.failed(pending, error, reason);
    this.#take({ kind: 'failed', effect: pending, reason });
  }
}
