import { type Deeds, type Effect, perform } from './core/effects.ts';
import { isStalledHere } from './core/health/disk.ts';
import type { Pending } from './core/inputs.ts';
import { reasonRefused } from './core/own-name.ts';
import type { State } from './core/state.ts';
import { type Millis, TIMINGS } from './core/timings.ts';
import type { Log } from './ports.ts';

/** What the agent's log says: what it does, what changes, and what fails. */
export class Narrator {
  readonly #log: Log;
  readonly #trouble = new Map<Pending, string>();
  #refused: string | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  does(effect: Effect): void {
    const worth = perform(WORTH, effect);
    if (worth === null) return;
    const { kind, ...details } = worth;
    this.#log.info(details, kind);
  }

  succeeded(what: Pending): void {
    this.#trouble.delete(what);
  }

  /** Once for each reason, until it succeeds. */
  failed(what: Pending, error: unknown, reason: string): void {
    if (this.#trouble.get(what) !== reason) this.#log.warn({ err: error }, `${what} failed`);
    this.#trouble.set(what, reason);
  }

  stoodStill(stalledMs: Millis): void {
    this.#log.warn({ stalledMs }, 'this process stood still');
  }

  changed(before: State, after: State, now: Millis): void {
    this.#leases(before, after);
    this.#role(before, after);
    const [was, is] = [before, after].map(({ view }) => view?.patroni.leader?.site ?? null);
    if (was !== is) this.#log.info({ was, is }, "Patroni's leader changed");
    this.#name(after, now);
    this.#disk(before, after, now);
    if (after.steppingDown !== null && before.steppingDown === null)
      this.#log.info({ why: after.steppingDown.why }, 'steps down');
  }

  #leases(before: State, after: State): void {
    for (const lease of ['leader', 'address'] as const) {
      const [was, is] = [before[lease]?.revision, after[lease]?.revision];
      if (was !== is)
        this.#log.info({ lease, term: is ?? null }, is ? 'holds a lease' : 'lost a lease');
    }
  }

  #role(before: State, { server: { report } }: State): void {
    if (report?.role !== before.server.report?.role)
      this.#log.info(
        { role: report?.role ?? null, epoch: report?.epoch },
        'the server says its role',
      );
  }

  #disk(before: State, after: State, now: Millis): void {
    const [was, is] = [before, after].map((state) => isStalledHere(state, now, TIMINGS));
    if (is && !was) this.#log.warn({ disk: after.disk.report }, 'the disk does not answer');
    if (was && !is) this.#log.info({ disk: after.disk.report }, 'the disk answers again');
    if (after.disk.fullSince !== null && before.disk.fullSince === null)
      this.#log.warn({ disk: after.disk.report }, 'the disk is nearly full');
  }

  #name(state: State, now: Millis): void {
    const refused = reasonRefused(state, now, TIMINGS);
    if (refused !== null && refused !== this.#refused)
      this.#log.warn({ why: refused }, 'this machine is refused');
    this.#refused = refused;
  }
}

type Line = { readonly kind: Effect['kind'] };

const whole = (effect: Line): Line => effect;
const routine = (): null => null;
/** Reports are long, and `status` shows them. */
const withoutReport = ({ report: _, ...rest }: Line & { readonly report: unknown }): Line => rest;

/** What of an effect is worth a line; nothing of what is done all the time. */
const WORTH: Deeds<Line | null> = {
  pulse: routine,
  read: routine,
  'patroni-lease': routine,
  'hold-address': routine,
  'tell-server': (effect) => (effect.role === 'writer' ? null : effect),
  claim: withoutReport,
  release: whole,
  'refuse-connections': whole,
  'drop-address': whole,
  switchover: whole,
  'hand-over': whole,
  'cancel-switchover': whole,
  nominate: whole,
  depose: whole,
  recover: whole,
  relieve: whole,
  'note-timeline': whole,
  'end-history': whole,
  'move-etcd-leader': whole,
  'make-room-in-etcd': whole,
  reinitialize: whole,
  'ask-leave': routine,
  'give-leave': routine,
  'ask-cover': routine,
  'give-cover': routine,
  block: whole,
  unblock: whole,
  promise: whole,
  'take-back': whole,
  give: withoutReport,
  'go-alone': whole,
  'remove-member': whole,
  'promote-member': whole,
  answer: whole,
};
