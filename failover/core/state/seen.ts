import type { EtcdMember, EtcdRoom, Lease, ListedMember, ToldOfPromotion } from '../inputs.ts';
import type { PeerWord, Stranger } from '../peers.ts';
import type { Millis } from '../timings.ts';
import type {
  DiskReport,
  EtcdDamage,
  FrontWay,
  LinkReport,
  PostgresReport,
  Power,
  ServerReport,
  Site,
  View,
} from '../view.ts';

// What the sources have shown. Each part has one owner, who alone writes it: its file in core/observe.

const LONG_AGO = Number.NEGATIVE_INFINITY;

export interface EtcdSeen {
  readonly view: View | null;
  /** When the view was last confirmed by an answer. */
  readonly readAt: Millis;
  readonly etcdTrouble: string | null;
  /** Since when nobody has held Patroni's leader key. */
  readonly leaderlessSince: Millis | null;
  /** Since when Patroni's leader has no synchronous standby. */
  readonly unprotectedSince: Millis | null;
  /** Since when leader, address and primary are where they are. */
  readonly calmSince: Millis;
  /** The wish for a switchover that stands in Patroni's `/failover`, and when it was first seen. */
  readonly wish: { readonly revision: number; readonly since: Millis } | null;
  /** Which of etcd's own members leads. */
  readonly etcdLeader: EtcdLeader;
  /** Null where they are not asked for (docs/going-alone.md). */
  readonly etcdMembers: EtcdMembersSeen | null;
  readonly etcdRoom: (EtcdRoom & { readonly at: Millis }) | null;
  /** What kept this site's member from starting, and when that was looked for. */
  readonly etcdDamage: { readonly damage: EtcdDamage | null; readonly at: Millis };
}

/** `own`: the members by what this site's own knows by itself; null while it does not answer. */
export interface EtcdMembersSeen {
  readonly members: readonly ListedMember[];
  readonly own: readonly string[] | null;
  readonly at: Millis;
}

export interface EtcdLeader {
  readonly here: boolean;
  readonly others: readonly EtcdMember[];
  readonly since: Millis;
}

export interface PulsesSeen {
  /** When we first saw each site's latest pulse. Its holder sent it earlier than that. */
  readonly pulses: Readonly<Record<Site, { readonly revision: number; readonly seenAt: Millis }>>;
}

export interface ClocksSeen {
  /** This machine's wall clock, less CLOCK_BOOTTIME; null where it was not looked at yet. */
  readonly wallAheadMs: Millis | null;
  /** For each other site: our wall clock when we first saw a pulse of its, less its own when it sent that. The last few. */
  readonly clockLeads: Readonly<Record<Site, ClockLeads>>;
}

export interface ClockLeads {
  /** Of the pulse that was looked at last. */
  readonly revision: number;
  readonly leadsMs: readonly Millis[];
}

export interface NameSeen {
  /** This process has had the site's name. */
  readonly named: boolean;
  /** How often this machine was lost, as its starts in etcd tell (F21). */
  readonly losses: Moves;
}

/** Leadership that this site gave up by itself, for sickness or power; or how often it was lost. */
export interface Moves {
  readonly count: number;
  readonly lastAt: Millis;
  readonly heldUntil: Millis;
}

export interface LeasesHeld {
  readonly leader: Held | null;
  readonly address: Held | null;
  /** Since when it is known that nobody holds it; may lie ahead. Null while somebody does. */
  readonly vacantSince: Readonly<Record<Lease, Millis | null>>;
}

/** A lease of ours. It is good before `until`, which counts from when a pulse was sent (D8). */
export interface Held {
  readonly revision: number;
  readonly until: Millis;
}

export interface PatroniSeen {
  readonly postgres: { readonly report: PostgresReport; readonly at: Millis } | null;
  readonly postgresTrouble: string | null;
  /** A promotion here waits for leave that was given (F20). */
  readonly heedsLeave: boolean;
  /** The timeline that our PostgreSQL leads, as it was said last; null once it was a standby. */
  readonly ledTimeline: number | null;
  /** Of whoever holds Patroni's leader key, where that is asked; `prolonged`: when it was last seen to be renewed. */
  readonly patroniLease: {
    readonly lease: string;
    readonly until: Millis;
    readonly prolonged: { readonly until: Millis; readonly at: Millis | null };
  } | null;
}

export interface ServerSeen {
  readonly server: Server;
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

export interface FrontSeen {
  readonly front: Front;
}

export interface Front {
  readonly healthy: boolean;
  readonly connections: number;
  readonly slowestMs: Millis;
  readonly way: FrontWay | null;
  readonly at: Millis;
  readonly sickSince: Millis | null;
}

export interface AddressSeen {
  /** Present also where an order to hold it failed, which may have been carried out. */
  readonly interface: 'present' | 'absent' | 'unknown';
  readonly addressTrouble: Trouble | null;
}

export interface Trouble {
  readonly count: number;
  readonly until: Millis;
  readonly reason: string;
}

export interface PowerSeen {
  readonly power: PowerState;
}

export interface PowerState {
  readonly power: Power;
  readonly since: Millis;
  readonly charge: number | null;
  /** When the battery ends, by the last word of its UPS. */
  readonly endsAt: Millis | null;
  /** Since when a UPS that said "battery" has said nothing more. */
  readonly silentSince: Millis | null;
}

export interface DiskSeen {
  readonly disk: Disk;
}

export interface Disk {
  readonly report: DiskReport | null;
  readonly at: Millis;
  /** When it was last seen to be stalled. */
  readonly stalledAt: Millis;
  /** Since when too little of it is free. */
  readonly fullSince: Millis | null;
}

export interface CopySeen {
  readonly copyDamage: string | null;
}

export interface LinksSeen {
  readonly links: { readonly byHost: Readonly<Record<string, LinkReport>>; readonly at: Millis };
}

export interface PeersSeen {
  /** The agents of other sites that this one asks. */
  readonly peers: Readonly<Record<Site, PeerSeen>>;
  /** Who was turned away last. */
  readonly stranger: (Stranger & { readonly at: Millis }) | null;
}

/** When another site was asked last that lets this one's server answer for a few seconds more (the third fence). */
export interface CoverSeen {
  readonly cover: Readonly<Record<Site, { readonly term: number; readonly givenAt: Millis }>>;
}

/** What other sites answered last whether the leader here may go on without etcd (F20). */
export interface LeaveSeen {
  readonly leave: Readonly<Record<Site, Leave>>;
}

export interface Leave {
  /** The term that was asked for. */
  readonly term: number;
  /** When the question left that the last yes answers; long ago if there was none. */
  readonly givenAt: Millis;
  /** Of the last answer: why not; null after a yes. */
  readonly why: string | null;
  readonly askedAt: Millis;
}

export interface PeerSeen {
  /** What it said last; null where it never answered. */
  readonly word: PeerWord | null;
  /** When the question left that this answers. */
  readonly at: Millis;
  /** Why it does not answer, and since when; null while it does. */
  readonly trouble: { readonly why: string; readonly since: Millis } | null;
}

export interface CertificatesSeen {
  readonly certificatesEnd: string | null;
}

export interface PromotionSeen {
  readonly promoting: {
    readonly told: ToldOfPromotion | null;
    /** When that was looked for. */
    readonly lookedAt: Millis;
    /** Since when Patroni's leader key has been ours beside a PostgreSQL that is no primary. */
    readonly since: Millis | null;
    /** It was let go like that. */
    readonly failed: { readonly since: Millis; readonly at: Millis } | null;
  };
}

export interface Seen
  extends EtcdSeen,
    PulsesSeen,
    ClocksSeen,
    NameSeen,
    LeasesHeld,
    PatroniSeen,
    ServerSeen,
    FrontSeen,
    AddressSeen,
    PowerSeen,
    DiskSeen,
    CopySeen,
    LinksSeen,
    PeersSeen,
    LeaveSeen,
    CoverSeen,
    CertificatesSeen,
    PromotionSeen {}

export const nothingSeen = (now: Millis): Seen => ({
  view: null,
  readAt: LONG_AGO,
  etcdTrouble: null,
  leaderlessSince: null,
  unprotectedSince: null,
  calmSince: now,
  wish: null,
  etcdLeader: { here: false, others: [], since: now },
  etcdMembers: null,
  etcdRoom: null,
  etcdDamage: { damage: null, at: LONG_AGO },
  pulses: {},
  wallAheadMs: null,
  clockLeads: {},
  named: false,
  losses: { count: 0, lastAt: LONG_AGO, heldUntil: LONG_AGO },
  leader: null,
  address: null,
  vacantSince: { leader: null, address: null },
  postgres: null,
  postgresTrouble: null,
  heedsLeave: false,
  ledTimeline: null,
  patroniLease: null,
  server: {
    report: null,
    at: LONG_AGO,
    lookedAt: LONG_AGO,
    askedAt: LONG_AGO,
    gone: false,
    sickSince: now,
    why: 'not asked yet',
  },
  front: { healthy: false, connections: 0, slowestMs: 0, way: null, at: LONG_AGO, sickSince: now },
  interface: 'unknown',
  addressTrouble: null,
  power: { power: 'unknown', since: now, charge: null, endsAt: null, silentSince: null },
  links: { byHost: {}, at: LONG_AGO },
  peers: {},
  leave: {},
  cover: {},
  stranger: null,
  disk: { report: null, at: LONG_AGO, stalledAt: LONG_AGO, fullSince: null },
  copyDamage: null,
  certificatesEnd: null,
  promoting: { told: null, lookedAt: LONG_AGO, since: null, failed: null },
});
