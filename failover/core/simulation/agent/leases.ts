import type { Deeds, EffectOf } from '../../effects.ts';
import { claim, pulse, release, type Transaction } from '../../etcd/transactions.ts';
import { NAMES, type Store } from '../store.ts';
import type { Parts } from './parts.ts';

/** The site's sign of life, and what is held by it. */
export const deedsWithLeases = ({ site, world, etcd }: Parts) =>
  ({
    pulse: (effect) => {
      const { sentAt, holds } = effect;
      etcd.transact('pulse', pulse(NAMES, site, effect), (renewed, view) => {
        return { kind: 'pulsed', sentAt, holds, renewed, view };
      });
    },
    read: () => {
      const nothing = { compare: [], change: [] };
      etcd.transact('read', nothing, (_, view) => ({ kind: 'read', view }));
    },
    claim: (effect) => {
      const { lease, sentAt } = effect;
      etcd.transact(`claim ${lease}`, claimBy({ site, world }, effect), (won, view) => {
        if (won) world.note(`${site} takes ${lease}`);
        return { kind: 'claimed', lease, sentAt, won, view };
      });
    },
    release: (effect) => {
      const { lease } = effect;
      etcd.transact(`release ${lease}`, release(NAMES, effect), (_, view) => {
        return { kind: 'released', lease, view };
      });
    },
    'patroni-lease': ({ lease, sentAt }) => {
      const act = (store: Store) => store.leaseLeftMs(lease, world.time.now);
      etcd.ask('patroni-lease', act, (ttlMs) => {
        return { kind: 'patroni-lease', lease, sentAt, ttlMs };
      });
    },
  }) satisfies Partial<Deeds<void>>;

function claimBy(
  { site, world }: Pick<Parts, 'site' | 'world'>,
  effect: EffectOf<'claim'>,
): Transaction {
  const ignores = world.bugs.challengerIgnoresLastPulse;
  return claim(NAMES, site, ignores ? { ...effect, over: null } : effect);
}
