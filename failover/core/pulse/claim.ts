import { isBound } from '../failsafe/give-leave.ts';
import type { Lease } from '../inputs.ts';
import { ownName } from '../own-name.ts';
import { ask, type Turn } from '../turn.ts';
import { reportNow } from './report.ts';

/** Asks for a lease, on condition that nothing of what we know of it has changed. */
export function claim(turn: Turn, lease: Lease): void {
  const { state, now, timings } = turn;
  if (isBound(state, now)) return;
  if (state.view === null || ownName(state, now, timings) !== 'ours') return;
  const { site, revision } = state.view[lease];
  const pulse = site === null ? 0 : (state.view.sites[site]?.revision ?? 0);
  ask(turn, `claim ${lease}`, {
    kind: 'claim',
    lease,
    sentAt: now,
    revision,
    over: site === null ? null : { site, pulse },
    name: state.view.machines[state.self.site]?.revision ?? 0,
    report: reportNow(state, now, timings),
  });
}
