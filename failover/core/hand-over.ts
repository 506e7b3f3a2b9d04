import { ask, type Turn, update } from './turn.ts';

/**
 * Patroni ends a planned switchover slowly: its primary waits a second after PostgreSQL has ended, and
 * every site but the candidate two seconds more, in which no standby can confirm anything (4.0.7,
 * ha.py: on_shutdown and process_unhealthy_cluster). So the primary's agent hands the leader key over
 * itself, behind the strongest fence there is: the old PostgreSQL has ended in good order.
 */
export function handOver(turn: Turn): void {
  const { self, view, handedOverFor } = turn.state;
  if (!self.mayHandOver || view === null) return;
  const { failover, leader, sync } = view.patroni;
  if (failover === null || failover.revision === handedOverFor) return;
  if (leader?.site !== self.site || failover.from !== self.site) return;
  const { to, revision } = failover;
  if (to === null || sync === null || !sync.standbys.includes(to)) return;
  const asked = ask(turn, 'hand-over', {
    kind: 'hand-over',
    to,
    lease: leader.lease,
    failover: revision,
    sync: sync.revision,
  });
  if (asked) update(turn, { handedOverFor: revision });
}
