import type { Pending } from '../inputs.ts';
import { type Millis, TIMINGS } from '../timings.ts';
import type { Block, PostgresReport, Site } from '../view.ts';
import type { Moves } from './seen.ts';

// What the rules remember of what they decided. Each part has one owner, who alone writes it: the file of its rule.

const LONG_AGO = Number.NEGATIVE_INFINITY;

/** turn.ts: what is asked for and not yet answered, and since when. */
export interface Awaiting {
  readonly pending: Readonly<Partial<Record<Pending, Millis>>>;
  /** What failed a moment ago, or was done and has not been seen to change anything, is not asked again before. */
  readonly notBefore: Readonly<Partial<Record<Pending, Millis>>>;
}

/** pulse.ts */
export interface Pulsing {
  /** etcd changed since the last reading was asked for. */
  readonly rereadWanted: boolean;
  readonly nextPulseAt: Millis;
  /** What our last pulse said, less what changes all the time. */
  readonly reported: string | null;
}

/** leadership.ts */
export interface Leading {
  readonly steppingDown: { readonly since: Millis; readonly why: string } | null;
}

/** floating-address.ts */
export interface HoldingAddress {
  readonly leaving: Leaving | null;
  /** The end of the lifetime that the driver was asked for last. */
  readonly heldUntil: Millis;
  /** No lifetime that it was ever asked for ends later. */
  readonly livesUntil: Millis;
  /** Since when another site leads with a front that could have the address. */
  readonly leaderElsewhereSince: Millis | null;
}

export interface Leaving {
  readonly since: Millis;
  readonly why: string;
  /** No time for connections to end: the front is sick or power ends. */
  readonly now: boolean;
}

/** server-orders.ts */
export interface Ordering {
  readonly told: Told | null;
  /** The latest deadline ever given away. Before it the server may answer, whatever we hear. */
  readonly promisedUntil: Millis;
}

export interface Told {
  readonly role: 'writer' | 'follower';
  readonly leaderRevision: number | null;
  readonly deadline: Millis;
  readonly at: Millis;
  /** Unanswered, it may still be on its way. */
  readonly answered: boolean;
}

/** unwell.ts */
export interface CountingUnwell {
  readonly unwell: Unwell;
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

/** patroni-lease.ts */
export interface AskingPatroni {
  readonly patroniAskedAt: Millis;
}

/** switchovers.ts */
export interface Switching {
  readonly moves: Moves;
  readonly switchover: Switchover | null;
  /** Since when this site has been on battery, and another one that may lead has power. */
  readonly mainsElsewhereSince: Millis | null;
  /** When we last asked for a switchover on behalf of a site whose agent is silent. */
  readonly rescuedAt: Millis;
  /** When Patroni refused a move last. */
  readonly refusedAt: Millis;
}

export interface Switchover {
  readonly from: Site;
  readonly to: Site;
  readonly why: string;
  /** The operator's request that waits for an answer. */
  readonly id: string | null;
}

/** answering.ts */
export interface Answering {
  /** What an operator asked for and has ended, in whatever way: who leads now is not seen yet. */
  readonly unanswered: Unanswered | null;
}

export interface Unanswered {
  readonly id: string;
  readonly from: Site;
  readonly to: Site;
  /** What Patroni says of it; null where it says that all went well. */
  readonly failure: string | null;
  readonly since: Millis;
}

/** hand-over.ts */
export interface HandingOver {
  /** The wish for a switchover (its revision) upon which we have acted: once each. */
  readonly handedOverFor: number | null;
}

/** wishes.ts */
export interface Lagging {
  readonly lags: Readonly<Record<Site, Lag>>;
}

/** A copy has not reached `mark`, which another site said at `since` that it has of the same timeline. */
export interface Lag {
  readonly since: Millis;
  readonly mark: number;
  readonly timeline: number;
}

/** stuck-member.ts */
export interface Cloning {
  readonly stuck: Stuck | null;
  readonly reinitializedAt: Millis;
}

/** Our copy follows nobody and gets no further, beside a primary that is well. */
export interface Stuck {
  readonly source: Site;
  readonly since: Millis;
  readonly streamsSince: Millis | null;
  readonly furthest: PostgresReport;
}

/** depose.ts */
export interface Deposing {
  /** A primary that nobody asked, by the revision of its key of Patroni's, and since when it was seen. */
  readonly unasked: { readonly key: number; readonly since: Millis } | null;
  readonly deposedAt: Millis;
  /** On which this site's copy was seen last: while it is rewound PostgreSQL does not run. */
  readonly copyTimeline: number | null;
}

/** recover.ts */
export interface Recovering {
  /** The operator's order that waits for its answer. */
  readonly recovering: { readonly id: string; readonly to: Site } | null;
  /** While nobody leads: how far each copy is, and since when. */
  readonly positions: Readonly<Record<Site, { readonly at: string; readonly since: Millis }>>;
}

/** relieve.ts */
export interface Relieving {
  /** A primary whose disk does not answer, and which nobody leads: by the revision of its key of Patroni's. */
  readonly stalledPrimary: { readonly key: number; readonly since: Millis } | null;
  readonly relievedAt: Millis;
}

/** links.ts */
export interface WatchingLinks {
  /** Since when this site's network is the sick one. */
  readonly sickNetworkSince: Millis | null;
}

/** go-on.ts */
export interface AskingLeave {
  readonly leaveAskedAt: Millis;
}

/** give-leave.ts */
export interface GivingLeave {
  /** Before `until` nobody may be promoted here, and this site takes neither lead nor address; whom it let go on, if this process did. */
  readonly leaveGiven: { readonly to: Site | null; readonly until: Millis };
}

/** fence/cover.ts */
export interface AskingCover {
  readonly coverAskedAt: Millis;
}

/** fence/give-cover.ts */
export interface GivingCover {
  /** When another site asked last, whatever the answer. */
  readonly askedBy: Readonly<Record<Site, Millis>>;
  /** When anybody was covered last, by this process or one before. */
  readonly coverGivenAt: Millis;
}

/** fence/promise.ts */
export interface Promising {
  readonly promising: OwnPromise | null;
}

/** From the block until that is taken away. */
export interface OwnPromise {
  readonly block: Block;
  readonly since: Millis;
  /** What the copy has, once it receives nothing more. */
  readonly position: { readonly timeline: number; readonly lsn: number } | null;
  /** In etcd it was taken back, so that the block may go. */
  readonly isVoid: boolean;
  /** Since when the old primary has Patroni's key anew, after somebody else was given it. */
  readonly retakenSince: Millis | null;
  /** Since when what blocks here does not do what it is asked for, to block or to end it, and why the last time. */
  readonly trouble: { readonly since: Millis; readonly why: string } | null;
}

/** fence/give.ts */
export interface Giving {
  readonly allPromisedSince: Millis | null;
}

/** alone/leave-etcd.ts */
export interface LeavingEtcd {
  /** This site's machine goes down, and leaves etcd before, if another one may be alone. */
  readonly leavingEtcd: {
    /** The order that waits for its answer. */
    readonly id: string | null;
    /** Since when its own member knows of no other than itself and the one that stays. */
    readonly heardSince: Millis | null;
  } | null;
}

/** alone/grow.ts */
export interface Growing {
  /** Since when all of etcd's members of before are back and listen. */
  readonly allBackSince: Millis | null;
}

/** etcd-leader.ts */
export interface PlacingEtcdLeader {
  readonly etcdLeaderMovedAt: Millis;
}

/** etcd-room.ts */
export interface MakingRoom {
  readonly madeRoomAt: Millis;
}

/** carried.ts */
export interface Pausing {
  /** No automatic moves; ordered by an operator at any site. */
  readonly pause: { readonly number: number; readonly until: Millis } | null;
}

/** pause-orders.ts */
export interface ConfirmingPauses {
  readonly pauseOrders: readonly PauseOrder[];
}

/** An operator's pause that etcd, and so the other agents, may not have yet. */
export interface PauseOrder {
  readonly id: string;
  readonly number: number;
  readonly forMs: Millis;
  readonly at: Millis;
}

export interface Decided
  extends Awaiting,
    Pulsing,
    Leading,
    HoldingAddress,
    Ordering,
    CountingUnwell,
    AskingPatroni,
    Switching,
    Answering,
    HandingOver,
    Lagging,
    Cloning,
    Deposing,
    Recovering,
    Relieving,
    WatchingLinks,
    AskingLeave,
    GivingLeave,
    AskingCover,
    GivingCover,
    Promising,
    Giving,
    LeavingEtcd,
    Growing,
    PlacingEtcdLeader,
    MakingRoom,
    Pausing,
    ConfirmingPauses {}

export const nothingDecided = (now: Millis): Decided => ({
  pending: {},
  notBefore: {},
  rereadWanted: true,
  nextPulseAt: now,
  reported: null,
  steppingDown: null,
  leaving: null,
  heldUntil: LONG_AGO,
  // What a predecessor of this process could have asked for, and promised, before it ended.
  livesUntil: now + TIMINGS.addressLeaseMs - TIMINGS.addressMarginMs,
  promisedUntil: now + TIMINGS.leaderLeaseMs - TIMINGS.leaderMarginMs,
  leaderElsewhereSince: null,
  told: null,
  unwell: nothingAmiss(now),
  patroniAskedAt: LONG_AGO,
  moves: { count: 0, lastAt: LONG_AGO, heldUntil: LONG_AGO },
  switchover: null,
  mainsElsewhereSince: null,
  rescuedAt: LONG_AGO,
  refusedAt: LONG_AGO,
  unanswered: null,
  handedOverFor: null,
  lags: {},
  stuck: null,
  reinitializedAt: LONG_AGO,
  unasked: null,
  deposedAt: LONG_AGO,
  copyTimeline: null,
  recovering: null,
  positions: {},
  stalledPrimary: null,
  relievedAt: LONG_AGO,
  sickNetworkSince: null,
  leaveAskedAt: LONG_AGO,
  leaveGiven: { to: null, until: LONG_AGO },
  coverAskedAt: LONG_AGO,
  askedBy: {},
  // The process before this one may have covered somebody until now.
  coverGivenAt: now,
  promising: null,
  allPromisedSince: null,
  leavingEtcd: null,
  allBackSince: null,
  etcdLeaderMovedAt: LONG_AGO,
  madeRoomAt: LONG_AGO,
  pause: null,
  pauseOrders: [],
});

export const nothingAmiss = (now: Millis): Unwell => {
  return { debtMs: 0, at: now, why: null, obeys: false, falls: 0 };
};
