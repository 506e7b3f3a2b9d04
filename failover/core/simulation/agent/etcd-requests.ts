import type { Transaction } from '../../etcd/transactions.ts';
import type { Input, Pending } from '../../inputs.ts';
import type { View } from '../../view.ts';
import type { Etcd } from '../etcd.ts';
import type { Store } from '../store.ts';
import type { World } from '../world.ts';
import type { Process } from './process.ts';

const DEADLINE_MS = 1_000;

/** Asked so often that the next overtakes one that is late. */
const AT_ONCE: ReadonlySet<Pending> = new Set(['pulse', 'read', 'patroni-lease']);

interface EtcdRequestsPorts {
  readonly host: string;
  readonly world: World;
  readonly etcd: Etcd;
  readonly process: Process;
}

/** What the agent asks etcd, and how the process that asked hears of the end. */
export class EtcdRequests {
  readonly #ports: EtcdRequestsPorts;

  constructor(ports: EtcdRequestsPorts) {
    this.#ports = ports;
  }

  ask<T>(what: Pending, apply: (store: Store) => T, then: (value: T) => Input): void {
    const { host, world, etcd, process } = this.#ports;
    const { tell } = process.life;
    etcd.request({
      from: host,
      mayBeLate: !AT_ONCE.has(what),
      deadlineMs: world.bugs.lateAnswersRenew ? 10_000 : DEADLINE_MS,
      apply,
      answer: (answer) => {
        if (answer.ok) tell(then(answer.value));
        else tell({ kind: 'failed', effect: what, reason: answer.reason });
      },
    });
  }

  transact(
    what: Pending,
    transaction: Transaction,
    then: (succeeded: boolean, view: View) => Input,
  ): void {
    const act = (store: Store) => ({ done: store.transact(transaction), view: store.view() });
    this.ask(what, act, ({ done, view }) => then(done, view));
  }
}
