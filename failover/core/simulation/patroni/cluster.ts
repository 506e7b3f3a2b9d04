import type { Site } from '../../view.ts';
import { NAMES, type Store } from '../store.ts';
import type { SyncState } from './race.ts';

/** What one loop of Patroni sees of etcd. */
export interface Cluster {
  readonly leader: { site: Site; lease: string | null } | null;
  readonly sync: SyncState;
  readonly failover: { from: Site | null; to: Site | null } | null;
  readonly timeline: number;
  readonly history: readonly unknown[][];
  readonly paused: boolean;
  /** Of whom the primary asks leave to go on without etcd; nobody else races. */
  readonly failsafe: readonly Site[];
  /** `synchronous_mode_strict` was switched off: with no standby the primary goes on alone. */
  readonly isLax: boolean;
}

export function clusterIn(store: Store): Cluster {
  const leader = store.get(NAMES.patroniLeader);
  const view = store.view().patroni;
  return {
    leader: leader === undefined ? null : { site: leader.text, lease: leader.lease },
    sync: syncIn(store),
    failover: view.failover,
    timeline: view.timeline ?? 1,
    history: (store.get(NAMES.patroniHistory)?.json ?? []) as unknown[][],
    paused: view.paused,
    failsafe: view.failsafe ?? [],
    isLax: view.isLax ?? false,
  };
}

export function syncIn(store: Store): SyncState {
  const found = store.get(NAMES.patroniSync);
  const value = found?.json as { leader?: Site; sync_standby?: string | null; quorum?: number };
  return {
    leader: value?.leader ?? null,
    voters: (value?.sync_standby ?? '').split(',').filter((name) => name !== ''),
    quorum: value?.quorum ?? 0,
    revision: found?.revision ?? 0,
  };
}
