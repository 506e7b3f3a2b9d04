import type { EtcdMember, Pending } from './inputs.ts';
import { type Millis, TIMINGS } from './timings.ts';
import type { FrontWay, Machine, PostgresReport, Power, ServerReport, Site, View } from './view.ts';

/** Who this agent is; does not change while it runs. */
export interface Self extends Machine {
  readonly site: Site;
  /** etcd only: never leads, never has the address. */
  readonly witness: boolean;
  readonly serverUrl: string | null;
  /** Patroni is strict: PostgreSQL acknowledges nothing without a standby (three sites). */
  readonly strict: boolean;
  /** Whether this agent can see its PostgreSQL's end, and so hand over Patroni's leader key. */
  readonly mayHandOver: boolean;
  /** Whether this site has a driver for the floating address. */
  readonly mayHoldAddress: boolean;
}

/** A lease of ours. It is good before `until`, which counts from when a pulse was sent (D8). */
export interface Held {
  readonly revision: number;
  readonly until: Millis;
}

export interface State {
  readonly self: Self;

  readonly view: View | null;
  /** When the view was last confirmed by an answer. */
  readonly readAt: Millis;
  readonly etcdTrouble: string | null;
  /** When we first saw each site's latest pulse. Its holder sent it earlier than that. */
  readonly pulses: Readonly<Record<Site, { readonly revision: number; readonly seenAt: Millis }>>;
  readonly addressVacantSince: Millis | null;
  /** Since when nobody has held Patroni's leader key. */
  readonly leaderlessSince: Millis | null;
  /** Since when Patroni's leader has no synchronous standby. */
  readonly unprotectedSince: Millis | null;
  /** etcd changed since the last reading was asked for. */
  readonly rereadWanted: boolean;
  readonly nextPulseAt: Millis;
  /** What our last pulse said, less what changes all the time. */
  readonly reported: string | null;

  readonly leader: Held | null;
  readonly steppingDown: { readonly since: Millis; readonly why: string } | null;
  readonly address: Held | null;
  readonly leaving: Leaving | null;
  readonly interface: 'present' | 'absent' | 'unknown';
  /** The end of the lifetime that the driver was asked for last. */
  readonly heldUntil: Millis;
  /** No lifetime that it was ever asked for ends later. */
  readonly livesUntil: Millis;
  readonly addressTrouble: Trouble | null;
  /** Since when another site leads with a front that could have the address. */
  readonly leaderElsewhereSince: Millis | null;

  readonly postgres: { readonly report: PostgresReport; readonly at: Millis } | null;
  readonly postgresTrouble: string | null;
  /** The timeline that our PostgreSQL leads, as it was said last; null once it was a standby. */
  readonly ledTimeline: number | null;
  /** Of whoever holds Patroni's leader key, where that is asked; `prolonged`: when it was last seen to be renewed. */
  readonly patroniLease: {
    readonly lease: string;
    readonly until: Millis;
    readonly prolonged: { readonly until: Millis; readonly at: Millis | null };
  } | null;
  readonly patroniAskedAt: Millis;
  readonly stuck: Stuck | null;
  readonly reinitializedAt: Millis;

  readonly server: Server;
  readonly unwell: Unwell;
  readonly told: Told | null;
  /** The latest deadline ever given away. Before it the server may answer, whatever we hear. */
  readonly promisedUntil: Millis;
  readonly front: Front;
  readonly power: { readonly power: Power; readonly since: Millis };
  readonly certificatesEnd: string | null;
  readonly etcdLeader: EtcdLeader;

  readonly moves: Moves;
  /** How often this machine was lost, as its starts in etcd tell (F21). */
  readonly losses: Moves;
  /** This process has had the site's name. */
  readonly named: boolean;
  readonly switchover: Switchover | null;
  /** When we last asked for a switchover on behalf of a site whose agent is silent. */
  readonly rescuedAt: Millis;
  /** The wish for a switchover (its revision) upon which we have acted: once each. */
  readonly handedOverFor: number | null;
  /** The wish for a switchover that stands in Patroni's `/failover`, and when it was first seen. */
  readonly wish: { readonly revision: number; readonly since: Millis } | null;
  readonly lags: Readonly<Record<Site, Lag>>;
  /** Since when leader, address and primary are where they are. */
  readonly calmSince: Millis;
  /** No automatic moves; ordered by an operator at any site. */
  readonly pause: { readonly number: number; readonly until: Millis } | null;
  readonly pending: Readonly<Partial<Record<Pending, Millis>>>;
}

/** Our copy follows nobody and gets no further, beside a primary that is well. */
export interface Stuck {
  readonly source: Site;
  readonly since: Millis;
  readonly streamsSince: Millis | null;
  readonly furthest: PostgresReport;
}

/** A copy has not reached `mark`, which another site said at `since` that it has of the same timeline. */
export interface Lag {
  readonly since: Millis;
  readonly mark: number;
  readonly timeline: number;
}

export interface Leaving {
  readonly since: Millis;
  readonly why: string;
  /** No time for connections to end: the front is sick or power ends. */
  readonly now: boolean;
}

export interface Trouble {
  readonly count: number;
  readonly until: Millis;
  readonly reason: string;
}

export interface Server {
  readonly report: ServerReport | null;
  readonly at: Millis;
  /** When it last answered or did not. */
  readonly lookedAt: Millis;
  /** When the question left that `report` answers. */
  readonly askedAt: Millis;
  /** Nobody listens on its socket. */
  readonly gone: boolean;
  readonly sickSince: Millis | null;
  readonly why: string | null;
}

/** What was amiss lately with a site that should write (F29). */
export interface Unwell {
  /** Grows while it is amiss, and shrinks slowly while all is well. */
  readonly debtMs: Millis;
  readonly at: Millis;
  readonly why: string | null;
  /** Its server writes or takes over, as it was told. */
  readonly obeys: boolean;
  readonly falls: number;
}

export interface Told {
  readonly role: 'writer' | 'follower';
  readonly leaderRevision: number | null;
  readonly deadline: Millis;
  readonly at: Millis;
  /** Unanswered, it may still be on its way. */
  readonly answered: boolean;
}

export interface Front {
  readonly healthy: boolean;
  readonly connections: number;
  readonly way: FrontWay | null;
  readonly at: Millis;
  readonly sickSince: Millis | null;
}

export interface EtcdLeader {
  readonly here: boolean;
  readonly others: readonly EtcdMember[];
  readonly since: Millis;
  readonly movedAt: Millis;
}

/** Leadership that this site gave up by itself, for sickness or power; or how often it was lost. */
export interface Moves {
  readonly count: number;
  readonly lastAt: Millis;
  readonly heldUntil: Millis;
}

export interface Switchover {
  readonly to: Site;
  readonly why: string;
  /** The operator's request that waits for an answer. */
  readonly id: string | null;
}

export const nothingAmiss = (now: Millis): Unwell => {
  return { debtMs: 0, at: now, why: null, obeys: false, falls: 0 };
};

const LONG_AGO = Number.NEGATIVE_INFINITY;

export function start(self: Self, now: Millis): State {
  return {
    self,
    view: null,
    readAt: LONG_AGO,
    etcdTrouble: null,
    pulses: {},
    addressVacantSince: null,
    leaderlessSince: null,
    unprotectedSince: null,
    rereadWanted: true,
    nextPulseAt: now,
    reported: null,
    leader: null,
    steppingDown: null,
    address: null,
    leaving: null,
    interface: 'unknown',
    heldUntil: LONG_AGO,
    // What a predecessor of this process could have asked for.
    livesUntil: now + TIMINGS.addressLeaseMs - TIMINGS.addressMarginMs,
    addressTrouble: null,
    leaderElsewhereSince: null,
    postgres: null,
    postgresTrouble: null,
    ledTimeline: null,
    patroniLease: null,
    patroniAskedAt: LONG_AGO,
    stuck: null,
    reinitializedAt: LONG_AGO,
    server: {
      report: null,
      at: LONG_AGO,
      lookedAt: LONG_AGO,
      askedAt: LONG_AGO,
      gone: false,
      sickSince: now,
      why: 'not asked yet',
    },
    unwell: nothingAmiss(now),
    told: null,
    // What a predecessor of this process could have promised before it ended.
    promisedUntil: now + TIMINGS.leaderLeaseMs - TIMINGS.leaderMarginMs,
    front: { healthy: false, connections: 0, way: null, at: LONG_AGO, sickSince: now },
    power: { power: 'unknown', since: now },
    certificatesEnd: null,
    etcdLeader: { here: false, others: [], since: now, movedAt: LONG_AGO },
    moves: { count: 0, lastAt: LONG_AGO, heldUntil: LONG_AGO },
    losses: { count: 0, lastAt: LONG_AGO, heldUntil: LONG_AGO },
    named: false,
    switchover: null,
    rescuedAt: LONG_AGO,
    handedOverFor: null,
    wish: null,
    lags: {},
    calmSince: now,
    pause: null,
    pending: {},
  };
}
