import type { Site } from '../view.ts';

/** Where things lie in etcd. Those of Patroni are only read, but for the hand-over of its leader key. */
export interface KeyNames {
  readonly leases: string;
  readonly sites: string;
  readonly machines: string;
  readonly timelines: string;
  readonly vouched: string;
  /** What sites have promised, a key for each; and upon which of them the leader key was given last. */
  readonly promises: string;
  readonly given: string;
  /** Which site goes on alone, as the last one with power. */
  readonly alone: string;
  /** By which order one member of etcd goes on without the others (`farol promote`). */
  readonly incarnation: string;
  /** What operators ordered after a loss (core/recovery/recovery.ts), a key for each; nothing removes them. */
  readonly recoveries: string;
  readonly patroniLeader: string;
  readonly patroniSync: string;
  readonly patroniFailover: string;
  readonly patroniHistory: string;
  readonly patroniConfig: string;
  readonly patroniFailsafe: string;
  /** Which database this is; empty from when a site begins to make it until it has. */
  readonly patroniInitialize: string;
  readonly patroniMember: (site: Site) => string;
}

export const keyNames = (cluster: string, scope: string): KeyNames => ({
  leases: `/farol/${cluster}/lease/`,
  sites: `/farol/${cluster}/site/`,
  machines: `/farol/${cluster}/machine/`,
  timelines: `/farol/${cluster}/timelines`,
  vouched: `/farol/${cluster}/vouched`,
  promises: `/farol/${cluster}/promise/`,
  given: `/farol/${cluster}/given`,
  alone: `/farol/${cluster}/alone`,
  incarnation: `/farol/${cluster}/incarnation`,
  recoveries: `/farol/${cluster}/recovery/`,
  patroniLeader: `/service/${scope}/leader`,
  patroniSync: `/service/${scope}/sync`,
  patroniFailover: `/service/${scope}/failover`,
  patroniHistory: `/service/${scope}/history`,
  patroniConfig: `/service/${scope}/config`,
  patroniFailsafe: `/service/${scope}/failsafe`,
  patroniInitialize: `/service/${scope}/initialize`,
  patroniMember: (site) => `/service/${scope}/members/${site}`,
});

/** What makes up a view: whole folders, which end in a slash, and single keys. */
export const viewed = (names: KeyNames): readonly string[] => [
  names.leases,
  names.sites,
  names.machines,
  names.timelines,
  names.promises,
  names.given,
  names.alone,
  names.incarnation,
  names.patroniLeader,
  names.patroniSync,
  names.patroniFailover,
  names.patroniHistory,
  names.patroniConfig,
  names.patroniFailsafe,
];
