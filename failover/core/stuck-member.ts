import { ask, type Turn, update } from './turn.ts';

/**
 * F24: after two quick partitions pg_rewind failed and a member stayed "starting" for ever
 * (docs/lab.md). Cloned anew it was well in seconds. Never where Patroni's leader could be the one to clone.
 */
export function mendStuckMember(turn: Turn): void {
  const { state, now, timings } = turn;
  if (state.self.witness || state.stuck === null) return;
  if (now - state.stuck.since < timings.stuckMemberMs) return;
  if (now - state.reinitializedAt < timings.reinitializeEveryMs) return;
  const leader = state.view?.patroni.leader?.site;
  if (leader === undefined || leader === state.self.site) return;
  if (state.postgres === null || now - state.postgres.at > timings.freshMs) return;
  if (ask(turn, 'reinitialize', { kind: 'reinitialize' })) update(turn, { reinitializedAt: now });
}
