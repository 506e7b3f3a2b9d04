import type { EffectOf } from '../../effects.ts';
import { cancelSwitchover, giveLeaderKey } from '../../etcd/transactions.ts';
import type { Input } from '../../inputs.ts';
import type { Site } from '../../view.ts';
import type { Patroni } from '../patroni/patroni.ts';
import type { Postgres } from '../postgres.ts';
import { NAMES, type Store } from '../store.ts';
import type { World } from '../world.ts';

const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 25;
const LAGS_MS = 500;

interface HandOverPorts {
  readonly site: Site;
  readonly world: World;
  readonly machines: {
    readonly patroni: Patroni | null;
    readonly postgres: Postgres | null;
    readonly postgresOf: (site: Site) => Postgres | undefined;
  };
  /** The process that began it is alive, and not stopped. */
  readonly runs: () => boolean;
  readonly ask: (apply: (store: Store) => boolean, then: (done: boolean) => Input) => void;
  readonly tell: (input: Input) => void;
}

/** As adapters/patroni/hand-over.ts: looks until our PostgreSQL has ended and the candidate has all of it. */
export class HandOver {
  readonly #effect: EffectOf<'hand-over'>;
  readonly #ports: HandOverPorts;
  readonly #began: number;
  /** What the candidate was sent, or will be at once. */
  readonly #had: number;

  constructor(effect: EffectOf<'hand-over'>, ports: HandOverPorts) {
    [this.#effect, this.#ports] = [effect, ports];
    this.#began = ports.world.time.now;
    this.#had = this.#written;
  }

  look(): void {
    const { world, runs, tell } = this.#ports;
    if (this.#lags()) this.#cancel();
    else if (this.#hasEnded()) this.#give();
    else if (world.time.now < this.#began + WITHIN_MS)
      world.time.after(LOOK_EVERY_MS, () => {
        if (runs()) this.look();
      });
    else tell({ kind: 'failed', effect: 'hand-over', reason: 'not in time' });
  }

  get #written(): number {
    return this.#ports.machines.postgres?.flushed ?? 0;
  }

  #hasEnded(): boolean {
    const { machines, world } = this.#ports;
    const mayGive = this.#has(this.#written) || world.bugs.handsOverUnseen === true;
    return machines.patroni?.endedInOrder === true && mayGive;
  }

  /** Of what it was sent half a second ago, or when all has been sent. */
  #lags(): boolean {
    const { machines, world } = this.#ports;
    const { switchoverStands, handsOverUnseen } = world.bugs;
    if (switchoverStands || handsOverUnseen) return false;
    if (machines.patroni?.endedInOrder === true) return !this.#has(this.#written);
    return world.time.now - this.#began > LAGS_MS && !this.#has(this.#had);
  }

  #has(length: number): boolean {
    const { site, world, machines } = this.#ports;
    const { to } = this.#effect;
    return world.network.links(site, to) && (machines.postgresOf(to)?.wal.length ?? 0) >= length;
  }

  #cancel(): void {
    const { ask, site, world } = this.#ports;
    const { to } = this.#effect;
    ask(
      (store) => store.transact(cancelSwitchover(NAMES, this.#effect)),
      () => {
        world.note(`${site} takes back the switchover to ${to}`);
        return { kind: 'failed', effect: 'hand-over', reason: `${to} lacks something` };
      },
    );
  }

  #give(): void {
    const { ask, site, world } = this.#ports;
    const { to } = this.#effect;
    const give = (store: Store): boolean => {
      const lease = store.get(NAMES.patroniMember(to))?.lease;
      return lease != null && store.transact(giveLeaderKey(NAMES, this.#effect, lease));
    };
    ask(give, (given) => {
      if (!given) return { kind: 'failed', effect: 'hand-over', reason: 'something changed' };
      world.note(`${site} hands over to ${to}`);
      return { kind: 'done', effect: 'hand-over' };
    });
  }
}
