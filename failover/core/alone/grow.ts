import { isOnBattery } from '../health/battery.ts';
import { isAlive } from '../sites.ts';
import type { Growing } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';
import { membersNow, votersIn } from './members.ts';

/**
 * Who comes back listens, and does not vote, until all are back and have been well for a while; then they vote within seconds: etcd lets one listen at
 * a time, and the other one is taken in as soon as that one votes. With two
 * that vote, while the third is away, the loss of either would stop all. But where the one that votes runs on a battery itself,
 * another on mains votes at once: else all would end with that battery.
 */
export function grow(turn: Turn): void {
  const { state, now, timings } = turn;
  const members = membersNow(state, now, timings);
  const { view, self } = state;
  if (view?.alone?.site !== self.site || members === null || state.leader === null) {
    since(turn, null);
    return;
  }
  const learners = members.members.filter(({ learner }) => learner);
  const isThere = (site: Site) => isAlive(state, site, now, timings);
  const all = view.alone.members;
  const expected = all.filter((site) => !votersIn(members).includes(site));
  const areAll = expected.every((site) => isThere(site) && hasPower(state, site));
  since(turn, areAll && learners.length > 0 ? (state.allBackSince ?? now) : null);
  const { allBackSince } = turn.state;
  const isTime = allBackSince !== null && now - allBackSince >= timings.allBackForMs;
  const next = isTime ? learners[0] : votersIn(members).length === 1 ? heir(turn.state) : undefined;
  if (next !== undefined && isThere(next.name))
    ask(turn, 'promote-member', { kind: 'promote-member', member: next.id });

  function heir({ power }: State) {
    return isOnBattery(power) ? learners.find(({ name }) => hasPower(state, name)) : undefined;
  }
}

const hasPower = ({ view }: State, site: Site): boolean =>
  !isOnBattery(view?.sites[site]?.report) && view?.sites[site]?.report.goesDown !== true;

function since(turn: Turn, allBackSince: Millis | null): void {
  if (turn.state.allBackSince !== allBackSince) update<Growing>(turn, { allBackSince });
}
