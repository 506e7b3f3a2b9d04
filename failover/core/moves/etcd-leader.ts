import { isOnBattery } from '../health/battery.ts';
import { isAlive, knowsEtcd, othersAlive } from '../sites.ts';
import type { PlacingEtcdLeader } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';

/** Two polls: a leader that was elected this instant may be on its way to somebody else. */
const SEEN_FOR_MS = 3_000;
/** A move is an election, which stalls every request: never while something else moves (seen: +1 s). */
const CALM_FOR_MS = 10_000;

/**
 * D8: etcd's leader is kept off the active site. Lost together, the election would stand between
 * the survivors and every lease (a 5 s lease of etcd's own took 11-14 s, measured). And off a site on battery, where
 * there is another on mains: a handed leadership costs no election's silence.
 */
export function placeEtcdLeader(turn: Turn): void {
  const { state, now, timings } = turn;
  const active = isActive(state);
  // Who leaves hands it to the one that goes on alone.
  if (state.view?.alone !== undefined) return;
  if (!state.etcdLeader.here || !(active || isOnBattery(state.power))) return;
  if (!knowsEtcd(state, now, timings)) return;
  if (!primaryLives(state, now, timings)) return;
  if (now - state.calmSince < CALM_FOR_MS || state.view?.patroni.failover) return;
  if (now - state.etcdLeader.since < SEEN_FOR_MS) return;
  if (now - state.etcdLeaderMovedAt < timings.etcdLeaderEveryMs) return;
  const best = bestMember(state, now, timings);
  if (best === null || !(active || !best.onBattery)) return;
  if (ask(turn, 'move-etcd-leader', { kind: 'move-etcd-leader', member: best.id })) {
    update<PlacingEtcdLeader>(turn, { etcdLeaderMovedAt: now });
  }
}

function isActive({ leader, address, view, self }: State): boolean {
  return leader !== null || address !== null || view?.patroni.leader?.site === self.site;
}

/**
 * A change of etcd's leader gives every lease its whole time again, that of a dead primary's Patroni
 * too: a move 6 s after a site was lost kept everybody waiting for 30 s, not 25 (seen).
 */
function primaryLives(state: State, now: number, timings: Timings): boolean {
  const holder = state.view?.patroni.leader?.site;
  return holder !== undefined && isAlive(state, holder, now, timings);
}

/** On mains before one on battery, a witness before a site that may lead next, and only one whose agent lives: members carry site names. */
function bestMember(
  state: State,
  now: number,
  timings: Timings,
): { readonly id: string; readonly onBattery: boolean } | null {
  const alive = othersAlive(state, now, timings);
  const witness = (site: string) => state.view?.sites[site]?.report.witness === true;
  const onBattery = (site: string) => isOnBattery(state.view?.sites[site]?.report);
  const { view } = state;
  const active = (site: string) =>
    [view?.patroni.leader?.site, view?.leader.site, view?.address.site].includes(site);
  const members = state.etcdLeader.others
    .filter(({ name }) => alive.includes(name) && !active(name))
    .sort(
      (a, b) =>
        Number(onBattery(a.name)) - Number(onBattery(b.name)) ||
        Number(witness(b.name)) - Number(witness(a.name)) ||
        (a.name < b.name ? 1 : -1),
    );
  const [best] = members;
  return best === undefined ? null : { id: best.id, onBattery: onBattery(best.name) };
}
