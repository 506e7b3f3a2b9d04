import type { PeerWord } from '../peers.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { reportNow } from './report.ts';

/** What this agent says to another one that asks it: what its pulse says, and whether etcd hears that. */
export function wordNow(state: State, now: Millis, timings: Timings): PeerWord {
  const { readAt } = state;
  return {
    report: reportNow(state, now, timings),
    etcdSilentMs: Number.isFinite(readAt) ? now - readAt : null,
  };
}
