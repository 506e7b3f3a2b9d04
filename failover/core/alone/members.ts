import type { EtcdMembersSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site } from '../view.ts';

/** Who etcd's members are, by the word of a majority; null where that is not known now. */
export function membersNow(
  { etcdMembers }: State,
  now: Millis,
  { freshMs }: Timings,
): EtcdMembersSeen | null {
  return etcdMembers !== null && now - etcdMembers.at <= freshMs ? etcdMembers : null;
}

export const idOf = ({ members }: EtcdMembersSeen, site: Site): string | null =>
  members.find(({ name }) => name === site)?.id ?? null;

/** The names of those that vote. */
export const votersIn = ({ members }: EtcdMembersSeen): Site[] =>
  members.filter(({ learner }) => !learner).map(({ name }) => name);
