import { databaseMembers } from '../failsafe/members.ts';
import type { AskingCover } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';

/**
 * The leader's part of the third fence (docs/third-fence.md): its server may answer only for as long as it is covered, so that whoever wants to
 * take its place needs to wait for seconds, and not for Patroni's lease. It asks every other site with a copy, again and again.
 */
export function askCover(turn: Turn): void {
  const { state, now, timings } = turn;
  const { self, leader, steppingDown, coverAskedAt } = state;
  if (!self.thirdFence || leader === null || steppingDown !== null) return;
  if (now - coverAskedAt < timings.askAgainMs) return;
  for (const of of databaseMembers(state))
    turn.effects.push({ kind: 'ask-cover', of, sentAt: now, term: leader.revision });
  update<AskingCover>(turn, { coverAskedAt: now });
}

/**
 * Until when a server here may answer as far as this fence goes; for ever where it is off. By its last pulse, since who takes its place compares
 * that and has seen no other for longer (give.ts); or by so many voters that too few are left who could promise.
 */
export function coveredUntil(state: State, timings: Timings): Millis {
  if (!state.self.thirdFence) return Number.POSITIVE_INFINITY;
  return Math.max(pulsedAt(state, timings), coveredAt(state)) + timings.coverMs;
}

/** When the pulse left that etcd accepted last. */
function pulsedAt({ leader }: State, { leaderLeaseMs, leaderMarginMs }: Timings): Millis {
  return (leader?.until ?? Number.NEGATIVE_INFINITY) - (leaderLeaseMs - leaderMarginMs);
}

/** The newest instant at which at least |voters| - quorum of `/sync` were asked, and said yes. */
function coveredAt(state: State): Millis {
  const { view, self } = state;
  const sync = view?.patroni.sync;
  if (!sync || sync.leader !== self.site || sync.standbys.length === 0)
    return Number.NEGATIVE_INFINITY;
  const needed = Math.max(1, sync.standbys.length - (sync.quorum ?? 0));
  const given = sync.standbys.map((site) => givenAt(state, site)).sort((a, b) => b - a);
  return given[needed - 1] ?? Number.NEGATIVE_INFINITY;
}

function givenAt({ cover, leader }: State, site: Site): Millis {
  const known = cover[site];
  return known !== undefined && known.term === leader?.revision
    ? known.givenAt
    : Number.NEGATIVE_INFINITY;
}
