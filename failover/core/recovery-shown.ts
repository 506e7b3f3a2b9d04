import type { Millis } from './timings.ts';
import type { Acknowledging, Site } from './view.ts';

/** What an operator is shown before he goes on without sites that have not come back (core/recovery/recovery.ts). */
export interface Shown {
  /** Whose copy would lead. */
  readonly to: Site;
  readonly leaderlessMs: Millis;
  /** Of the sites that answer, the one that may be promoted with the least loss first. */
  readonly copies: readonly CopyAt[];
  readonly missing: readonly Missing[];
  readonly atStake: AtStake;
}

/** A site's copy of the database, by the fresh word of its own agent. */
export interface CopyAt {
  readonly site: Site;
  readonly timeline: number;
  readonly lsn: number;
  readonly isPrimary: boolean;
  /** It has not gone through the timeline that acknowledged last, or left it before. */
  readonly left: boolean;
  /** Why it could not be promoted in any case, as a clause; null if it could. */
  readonly why: string | null;
}

/** The copy of a site on which etcd is to go on alone; of one that is down, by what etcd heard of it last. */
export interface PromotedCopy extends Omit<CopyAt, 'timeline' | 'lsn'> {
  readonly isUp: boolean;
  /** Null where it left no word. */
  readonly timeline: number | null;
  readonly lsn: number | null;
}

/** A site whose copy is not known, and may have what no other has. */
export interface Missing {
  readonly site: Site;
  /** Its agent is there, and its database is not. */
  readonly answers: boolean;
  /** Since this agent began at the earliest; null where it was never heard. */
  readonly silentMs: Millis | null;
  /** By its own wall clock, when it said last what it has; null where it did not tell. */
  readonly saidAtMs: Millis | null;
  /** What it said last that it has. */
  readonly timeline: number | null;
  readonly lsn: number | null;
}

/** What is lost if the chosen copy leads, as far as anybody can know. */
export interface AtStake {
  /**
   * - `none`: the sites that answer have all that was ever acknowledged, and this copy has most
   * - `known`: what others have, or said that they had, is so many bytes more; and `unheardMs` of what nobody heard
   * - `unknown`: nobody said anything that could be compared
   */
  readonly kind: 'none' | 'known' | 'unknown';
  readonly bytes: number | null;
  /** For so long after its last word a site may have acknowledged on, which nobody else knows of. */
  readonly unheardMs: Millis;
  /** Why it is so, as a clause. */
  readonly why: string;
  /** Whose copies are given up. */
  readonly given: readonly Site[];
}

/** On condition that all this is as it was shown, by the revisions of the keys; 0 where there is none. */
export interface Seen {
  readonly sync: number;
  readonly failover: number;
  readonly config: number;
  readonly timelines: number;
  /** The last signs of life of the sites that are silent. */
  readonly silent: Readonly<Record<Site, number>>;
}

/** What stays in etcd, and in the log of the agent that was asked: who went on without whom, and what he was shown. */
export interface RecoveryRecord extends Shown {
  readonly at: string;
  readonly by: string;
  /** Whose agent was asked. */
  readonly asked: Site;
  readonly confirmed: string | null;
  readonly sync: { readonly leader: Site | null; readonly standbys: readonly Site[] } | null;
  readonly acknowledging: Acknowledging | null;
}
