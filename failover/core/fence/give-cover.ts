import type { Input } from '../inputs.ts';
import { ownName } from '../own-name.ts';
import { hasPromised, PROMISED } from '../promised.ts';
import type { GivingCover } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';

/**
 * Whether the leader's server may answer for a few seconds more, as far as this site goes. A cover and a promise exclude each other: who has
 * promised covers nobody, and who has covered somebody promises nothing before that is over (promise.ts).
 */
export function giveCover(turn: Turn, input: Input): void {
  if (input.kind !== 'cover-asked') return;
  const { id, site, term } = input;
  const { state, now, timings } = turn;
  const why = reasonNotToCover(state, site, term, now, timings);
  update<GivingCover>(turn, {
    askedBy: { ...state.askedBy, [site]: now },
    coverGivenAt: why === null ? now : state.coverGivenAt,
  });
  turn.effects.push({ kind: 'give-cover', id, why });
}

function reasonNotToCover(
  state: State,
  to: Site,
  term: number,
  now: Millis,
  timings: Timings,
): string | null {
  const { self, view } = state;
  if (!self.thirdFence) return 'the third fence is off there';
  if (self.witness) return 'it is a witness, and has no copy of the database';
  if (view === null || ownName(state, now, timings) !== 'ours')
    return 'its agent does not know what etcd said last';
  if (hasPromised(state)) return PROMISED;
  if (view.leader.site !== to || view.leader.revision !== term)
    return `the leader that it knows is ${view.leader.site ?? 'nobody'}, or leads another term`;
  const primary = view.patroni.leader?.site;
  return primary === to ? null : `Patroni's leader key names ${primary ?? 'nobody'}`;
}
