import type { Deeds, EffectOf } from '../../effects.ts';
import { giveUponPromises, writePromise } from '../../etcd/transactions.ts';
import type { Input } from '../../inputs.ts';
import { NAMES, type Store } from '../store.ts';
import type { Parts } from './parts.ts';

/** The third fence (docs/third-fence.md). */
export const deedsWithPromises = (parts: Parts) =>
  ({
    block: ({ block }) => {
      const { site, world, machines, process } = parts;
      const { tell } = process.life;
      world.note(`${site} blocks ${block.holder}`);
      machines.blocking?.put(block, (position) => tell({ kind: 'blocked', block, ...position }));
    },
    unblock: () => {
      const run = (): Input => {
        parts.machines.blocking?.take();
        return { kind: 'unblocked' };
      };
      parts.process.runChild({ takesMs: 20, run });
    },
    promise: ({ revision, block, timeline, lsn }) => {
      const { site, world, etcd } = parts;
      const promised = writePromise(NAMES, site, revision, { block, timeline, lsn });
      etcd.transact('promise', promised, (done, view) => {
        if (done) world.note(`${site} promises: nothing from ${block.holder}`);
        return { kind: 'promised', view };
      });
    },
    'take-back': ({ revision }) => {
      const { site, world, etcd } = parts;
      etcd.transact('take-back', writePromise(NAMES, site, revision, null), (done, view) => {
        if (done) world.note(`${site} takes its promise back`);
        return { kind: 'taken-back', done, view };
      });
    },
    give: (effect) => give(parts, effect),
  }) satisfies Partial<Deeds<void>>;

function give({ site, world, etcd }: Parts, asked: EffectOf<'give'>): void {
  const { sentAt } = asked;
  const act = (store: Store) => {
    const lease = store.get(NAMES.patroniMember(site))?.lease;
    const sync = store.text(NAMES.patroniSync);
    const known = lease == null || sync === null ? null : { lease, sync: JSON.parse(sync) };
    const transaction = known && giveUponPromises(NAMES, site, asked, known);
    return { done: transaction !== null && store.transact(transaction), view: store.view() };
  };
  etcd.ask('give', act, ({ done, view }) => {
    if (done) world.note(`${site} gives itself the key of ${asked.block.holder}`);
    return { kind: 'given', sentAt, done, view };
  });
}
