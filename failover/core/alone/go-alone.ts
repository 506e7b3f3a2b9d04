import { isOnBattery } from '../health/battery.ts';
import { movesArePaused } from '../moves/carried.ts';
import { isAlive, knowsEtcd, othersAlive } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn } from '../turn.ts';
import type { Site } from '../view.ts';
import { membersNow, votersIn } from './members.ts';

/**
 * The site that leads writes down that it may go on alone, and has Patroni go on without a standby, when only one other is left and that
 * one is about to go; and ends it once others vote in etcd and confirm what is written here.
 */
export function goAlone(turn: Turn): void {
  const { state, now, timings } = turn;
  const { view, self, leader } = state;
  if (!self.alone || self.witness || leader === null || !view) return;
  if (!knowsEtcd(state, now, timings) || view.patroni.leader?.site !== self.site) return;
  if (movesArePaused(state, now)) return;
  if (view.alone?.site === self.site) {
    if (mayEnd(state, now, timings)) write(turn, null);
    else if (!view.patroni.isLax) write(turn, view.alone.leaver);
    return;
  }
  const leaver = whoLeaves(state, now, timings);
  if (leaver !== null) write(turn, leaver);
}

function write(turn: Turn, leaver: Site | null): void {
  const { state, now, timings } = turn;
  const { view, leader, self } = state;
  const listed = membersNow(state, now, timings)?.members.map(({ name }) => name);
  const members = view?.alone?.site === self.site ? view.alone.members : listed;
  const key = view?.patroni.leader?.revision;
  if (!view || leader === null || key === undefined || members === undefined) return;
  ask(turn, 'go-alone', {
    kind: 'go-alone',
    leaver,
    members,
    ...{ term: leader.revision, key, config: view.patroni.configRevision },
    revision: view.alone?.revision ?? 0,
  });
}

/** The only other one that lives, and is about to go; null where this site has not the power for it either. */
function whoLeaves(state: State, now: Millis, timings: Timings): Site | null {
  const members = membersNow(state, now, timings);
  const [leaver, ...others] = othersAlive(state, now, timings);
  if (members === null || leaver === undefined || others.length > 0) return null;
  if (!lastsLong(state, now, timings) || state.view?.sites[leaver]?.report.goesDown !== true)
    return null;
  const voters = votersIn(members);
  return voters.includes(state.self.site) && voters.includes(leaver) ? leaver : null;
}

/** On mains, or by a battery that lasts; what is not known is neither. */
function lastsLong({ power }: State, now: Millis, { aloneBatteryMs }: Timings): boolean {
  if (power.power === 'mains') return true;
  const left = power.endsAt === null ? 0 : power.endsAt - now;
  return isOnBattery(power) && power.power !== 'low' && left >= aloneBatteryMs;
}

/** Others vote, are there, and somebody confirms: what was before holds again. */
function mayEnd(state: State, now: Millis, timings: Timings): boolean {
  const { view, self } = state;
  const members = membersNow(state, now, timings);
  if (members === null || !view?.alone) return false;
  const others = votersIn(members).filter((site) => site !== self.site);
  return (
    others.length > 0 &&
    others.every((site) => isAlive(state, site, now, timings)) &&
    others.every((site) => view.sites[site]?.report.goesDown !== true) &&
    (view.patroni.sync?.standbys.length ?? 0) > 0
  );
}
