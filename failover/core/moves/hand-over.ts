import type { HandingOver } from '../state/decided.ts';
import { ask, type Turn, update } from '../turn.ts';

/**
 * Patroni ends a planned switchover slowly: its primary waits a second after PostgreSQL has ended, and
 * every site but the candidate two seconds more, in which no standby can confirm anything (4.0.7,
 * ha.py: on_shutdown and process_unhealthy_cluster). So the primary's agent hands the leader key over
 * itself, behind the strongest fence there is: the old PostgreSQL has ended in good order.
 *
 * And whom a switchover names, Patroni lets lead without a vote (ha.py: "when failover candidate is set, we
 * can ignore quorum requirements"). One that lacks what another standby confirmed would lose that, so the
 * wish is taken back, and votes decide.
 */
export function handOver(turn: Turn): void {
  const { self, view, handedOverFor } = turn.state;
  if (!self.mayHandOver || view === null) return;
  const { failover, leader, sync } = view.patroni;
  if (failover === null || failover.revision === handedOverFor) return;
  // A paused Patroni deletes a key that a standby was given.
  if (view.patroni.paused || leader?.site !== self.site || failover.from !== self.site) return;
  const { to, revision } = failover;
  if (to === null || sync === null) return;
  const wish = { lease: leader.lease, failover: revision };
  const asked = sync.standbys.includes(to)
    ? ask(turn, 'hand-over', {
        kind: 'hand-over',
        to,
        ...wish,
        leader: leader.revision,
        sync: sync.revision,
        config: view.patroni.configRevision,
      })
    : ask(turn, 'cancel-switchover', { kind: 'cancel-switchover', ...wish });
  if (asked) update<HandingOver>(turn, { handedOverFor: revision });
}
