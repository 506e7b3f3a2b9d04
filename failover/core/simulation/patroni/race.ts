import type { Site } from '../../view.ts';

/** `/sync`, as Patroni reads it. */
export interface SyncState {
  readonly leader: Site | null;
  readonly voters: readonly Site[];
  readonly quorum: number;
  readonly revision: number;
}

/** What a member says of itself when it is asked for its vote; nothing where it cannot be reached. */
export interface MemberStatus {
  readonly site: Site;
  readonly leads: boolean;
  /** 0 while its PostgreSQL does not run. */
  readonly lsn: number;
}

export interface Candidate {
  readonly site: Site;
  readonly lsn: number;
  readonly timeline: number;
}

export const membersOf = ({ leader, voters }: SyncState): Site[] =>
  leader === null ? [...voters] : [leader, ...voters];

/**
 * Patroni 4.0.7, ha.py, _is_healthiest_node. A vote compares positions and no timelines; the leader that
 * `/sync` names is "healthy even when there are no other nodes", and nobody else defers to it.
 */
export function isHealthiest(
  me: Candidate,
  sync: SyncState,
  others: readonly MemberStatus[],
  mode: { quorumCommit: boolean; checkTimeline: boolean; clusterTimeline: number },
): boolean {
  if (mode.checkTimeline && me.timeline < mode.clusterTimeline) return false;
  const members = membersOf(sync);
  if (!mode.quorumCommit && sync.leader !== null && !members.includes(me.site)) return false;
  if (others.some(({ leads }) => leads)) return false;
  const ahead = others.filter(({ lsn }) => lsn > me.lsn);
  if (ahead.some(({ site }) => site !== sync.leader)) return false;
  if (!mode.quorumCommit || sync.leader === null) return true;
  const own = members.includes(me.site) ? 0 : -1;
  const votes = others.filter(
    ({ site, lsn }) => lsn > 0 && lsn <= me.lsn && members.includes(site),
  );
  return own + votes.length >= sync.quorum || (ahead.length === 0 && sync.leader === me.site);
}
