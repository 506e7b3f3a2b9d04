import type { Millis } from './timings.ts';
import type { Incarnation, Report, Site } from './view.ts';

/** What an agent says of its site to another one that asks it, without etcd. */
export interface PeerWord {
  readonly report: Report;
  /** For how long etcd has not answered it; null where it never has. */
  readonly etcdSilentMs: Millis | null;
  /** Of the etcd that it knows; absent where that was never begun so. */
  readonly incarnation?: Pick<Incarnation, 'number' | 'id'>;
  /** Of a leader that does not hear etcd, where failsafe is on. */
  readonly goingOn?: GoingOn;
}

/** Whether it may go on without etcd, and which sites keep it from that. */
export interface GoingOn {
  readonly inForce: boolean;
  readonly lacks: readonly { readonly site: Site; readonly why: string }[];
}

/** Somebody whom the port of the agents turned away, and how often that was so since this agent started. */
export interface Stranger {
  /** The address that the connection came from. */
  readonly from: string;
  readonly why: string;
  readonly count: number;
}
