import type { View } from '../../failover/core/view.ts';

/** What an agent reads of an etcd in which nobody holds anything, and Patroni has said nothing yet. */
export function emptyView(revision: number, sites: View['sites']): View {
  return {
    clusterId: '1',
    revision,
    leader: { site: null, revision: 0 },
    address: { site: null, revision: 0 },
    machines: {},
    timelines: { given: 0, promotions: [], acknowledging: null, revision: 0 },
    sites,
    patroni: {
      leader: null,
      sync: null,
      failover: null,
      failoverRevision: 0,
      timeline: 1,
      history: [],
      historyRevision: 0,
      paused: false,
      configRevision: 0,
    },
    unreadable: [],
  };
}
