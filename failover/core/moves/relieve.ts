import type { Predecessor } from '../effects.ts';
import { isBound } from '../failsafe/give-leave.ts';
import { isStalled, isStalledHere } from '../health/disk.ts';
import { knowsEtcd, silence } from '../sites.ts';
import type { Relieving } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Site, View } from '../view.ts';
import { refuge } from './candidate.ts';
import { movesArePaused } from './carried.ts';

/**
 * F11: PostgreSQL whose disk does not answer cannot be stopped, not even by SIGKILL, and Patroni 4.0.7 waits for that
 * with its leader key in its hands, for as long as the disk is silent (postmaster.py, signal_kill). So:
 *
 *     its agent             its server may answer nobody any more, and its own lease is given back   (givesWayTo)
 *     the candidate's       takes Patroni's key for its own Patroni, which then asks for votes like any   (relieve)
 *
 * Nothing that was acknowledged is lost: its standbys confirmed it, and votes find who has it. Two writers there are never:
 * our leader key has to be vacant in the same transaction, which it is once the server follows or is past its deadline; or
 * its holder silent for a term, as for a claim. So is one relieved whom Patroni elected although its disk does not answer.
 */
export function relieve(turn: Turn): void {
  lookAtPrimary(turn);
  const { state, now, timings } = turn;
  const { view, stalledPrimary, relievedAt } = state;
  const key = view?.patroni.leader;
  if (!view || !key || stalledPrimary === null || now - relievedAt < AGAIN_AFTER_MS) return;
  if (now - stalledPrimary.since < SWITCHOVER_FIRST_MS) return;
  if (refuge(state, now, timings, 'has all') !== state.self.site) return;
  const asked = ask(turn, 'relieve', {
    kind: 'relieve',
    from: key.site,
    leader: key.revision,
    term: view.leader.revision,
    over: silentHolder(view),
    config: view.patroni.configRevision,
  });
  if (asked) update<Relieving>(turn, { relievedAt: now });
}

/** A switchover takes that long where PostgreSQL can be stopped all the same, and then nobody has to be rewound. */
const SWITCHOVER_FIRST_MS = 3_000;
const AGAIN_AFTER_MS = 10_000;

function lookAtPrimary(turn: Turn): void {
  const key = stalledKey(turn.state, turn.now, turn.timings);
  if (key === (turn.state.stalledPrimary?.key ?? null)) return;
  update<Relieving>(turn, { stalledPrimary: key === null ? null : { key, since: turn.now } });
}

/** By the last word of its own agent, and nobody leads: our leader key was given back, or its holder has been silent for a term. */
function stalledKey(state: State, now: Millis, timings: Timings): number | null {
  const { view, self } = state;
  const leader = view?.patroni.leader;
  if (!view || !leader || leader.site === self.site || self.witness) return null;
  if (movesArePaused(state, now) || !knowsEtcd(state, now, timings)) return null;
  if (isBound(state, now)) return null;
  const { site, revision, unreadable } = view.leader;
  if (revision === 0 || unreadable) return null;
  if (site !== null && silence(state, site, now, timings) < timings.leaderLeaseMs) return null;
  const disk = view.sites[leader.site]?.report.disk;
  return disk && isStalled(disk, timings) ? leader.revision : null;
}

/** As for a claim: after a newer sign of life it is refused. */
function silentHolder({ leader: { site }, sites }: View): Predecessor | null {
  return site === null ? null : { site, pulse: sites[site]?.revision ?? 0 };
}

/** To whom this site gives way for its disk; null while that answers, or where nobody could do better. */
export function givesWayTo(state: State, now: Millis, timings: Timings): Site | null {
  if (!isStalledHere(state, now, timings) || movesArePaused(state, now)) return null;
  return refuge(state, now, timings, 'has all');
}
