import type { Deeds } from '../../effects.ts';
import {
  cancelSwitchover,
  depose,
  endHistory,
  nominate,
  noteTimeline,
  recover,
  relieve,
  type Transaction,
} from '../../etcd/transactions.ts';
import type { Site } from '../../view.ts';
import { NAMES, type Store } from '../store.ts';
import type { Parts } from './parts.ts';

/** Which copy Patroni promotes, keeps as the primary, or must not. */
export const deedsWithPrimaries = (parts: Parts) => ({
  ...deedsOfAChoice(parts),
  ...deedsWithTimelines(parts),
});

const deedsOfAChoice = ({ site, world, etcd }: Parts) =>
  ({
    'cancel-switchover': (effect) => {
      const { switchoverStands, handsOverUnseen } = world.bugs;
      if (switchoverStands || handsOverUnseen) return;
      etcd.transact('cancel-switchover', cancelSwitchover(NAMES, effect), () => {
        world.note(`${site} takes back a switchover`);
        return { kind: 'done', effect: 'cancel-switchover' };
      });
    },
    nominate: (effect) => {
      if (world.bugs.straysInTheWay) return;
      etcd.transact('nominate', nominate(NAMES, site, effect), () => {
        world.note(`${site} names itself: only a stray is ahead`);
        return { kind: 'done', effect: 'nominate' };
      });
    },
    depose: (effect) => {
      if (world.bugs.nobodyDeposes) return;
      const act = underLeaseOf(site, (lease) => depose(NAMES, site, effect, lease));
      etcd.ask('depose', act, (done) => {
        if (done) world.note(`${site} deposes ${effect.from}`);
        return { kind: 'done', effect: 'depose' };
      });
    },
    recover: (effect) => {
      const act = underLeaseOf(effect.to, (lease) => recover(NAMES, effect, lease));
      const seen = (store: Store) => ({ done: act(store), view: store.view() });
      etcd.ask('recover', seen, ({ done, view }) => {
        if (done) world.note(`${site} recovers with ${effect.to}`);
        return { kind: 'recovered', done, view };
      });
    },
    relieve: (effect) => {
      const act = underLeaseOf(site, (lease) => relieve(NAMES, site, effect, lease));
      etcd.ask('relieve', act, (done) => {
        if (done) world.note(`${site} relieves ${effect.from}`);
        return { kind: 'done', effect: 'relieve' };
      });
    },
  }) satisfies Partial<Deeds<void>>;

const deedsWithTimelines = ({ site, world, etcd }: Parts) =>
  ({
    'note-timeline': (effect) => {
      etcd.transact('note-timeline', noteTimeline(NAMES, effect), (done, view) => {
        const { acknowledging } = effect.timelines;
        if (done) world.note(`${site} notes timeline ${acknowledging?.timeline}`);
        return { kind: 'timeline-noted', view };
      });
    },
    'end-history': (effect) => {
      etcd.transact('end-history', endHistory(NAMES, effect), () => {
        return { kind: 'done', effect: 'end-history' };
      });
    },
  }) satisfies Partial<Deeds<void>>;

/** Patroni's leader key is put under the lease of the member that gets it, so only where that one has a lease. */
const underLeaseOf =
  (site: Site, transactionWith: (lease: string) => Transaction) =>
  (store: Store): boolean => {
    const lease = store.get(NAMES.patroniMember(site))?.lease;
    return lease != null && store.transact(transactionWith(lease));
  };
