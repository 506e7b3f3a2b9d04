import { goingOn } from '../failsafe/going-on.ts';
import type { PeerWord } from '../peers.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { reportNow } from './report.ts';

/** What this agent says to another one that asks it: what its pulse says, and whether etcd hears that. */
export function wordNow(state: State, now: Millis, timings: Timings): PeerWord {
  const { readAt, view } = state;
  const { number, id } = view?.incarnation ?? {};
  const going = goingOn(state, now, timings);
  return {
    report: reportNow(state, now, timings),
    etcdSilentMs: Number.isFinite(readAt) ? now - readAt : null,
    ...(number !== undefined && id !== undefined && { incarnation: { number, id } }),
    ...(going && { goingOn: going }),
  };
}
