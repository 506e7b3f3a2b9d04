/**
 * What etcd shows: one linearizable reading of our keys and of those of Patroni's that we follow.
 * Revisions are numbers (etcd counts them up from 1); lease ids use all 63 bits and stay strings.
 */
export type Site = string;

/**
 * Who holds a lease of ours. `revision` is that of the transaction that won it, and names the term. A
 * lease given back keeps its key, with no site. Where there is no key (the revision is 0), or nobody can read it, it is
 * not known who holds it.
 */
export interface LeaseKey {
  readonly site: Site | null;
  readonly revision: number;
  readonly unreadable?: true;
}

export interface View {
  readonly clusterId: string;
  readonly revision: number;
  readonly leader: LeaseKey;
  readonly address: LeaseKey;
  readonly sites: Readonly<Record<Site, SiteKey>>;
  /** Which machine has the name of a site, and acts for it. */
  readonly machines: Readonly<Record<Site, MachineKey>>;
  /** Null where the key cannot be read: then nobody is promoted, and nothing acknowledged. */
  readonly timelines: (Timelines & { readonly revision: number }) | null;
  /** What sites have promised (docs/third-fence.md); absent where none ever did. */
  readonly promises?: Readonly<Record<Site, SitePromise>>;
  /** Upon which promise Patroni's leader key was given last; absent where it never was. */
  readonly given?: Given;
  /** Which site goes on, or may go on, alone (docs/going-alone.md); absent where none does. */
  readonly alone?: Alone;
  /** That one member of etcd goes on without the others, by an administrator's word (`farol promote`); absent where none ever did. */
  readonly incarnation?: Incarnation;
  readonly patroni: PatroniKeys;
  /** Keys whose values cannot be read; they are taken as if they were not there. */
  readonly unreadable: readonly string[];
}

/** One term of Patroni's leader key, from whose holder a copy confirms nothing any more: the key's revision and lease. */
export interface Block {
  readonly holder: Site;
  readonly key: number;
  readonly lease: string;
}

/** `block` is null where it was taken back. */
export interface SitePromise {
  readonly block: Block | null;
  readonly timeline: number;
  /** All that the copy had received from there, which by then was replayed. */
  readonly lsn: number;
  readonly revision: number;
}

/** `key` is that of the block, `timeline` that of the promises; `revision` is of the leader key as it was given. */
export interface Given {
  readonly key: number;
  readonly to: Site;
  readonly timeline: number;
  readonly revision: number;
}

/** The last site with power, and who leaves it so. */
export interface Alone {
  readonly site: Site;
  readonly leaver: Site;
  /** Who were etcd's members before. */
  readonly members: readonly Site[];
  readonly revision: number;
}

/**
 * Which etcd this is, of those that go back to one: each order to go on with one member alone begins another, which its name tells
 * from one that was begun so elsewhere.
 */
export interface Incarnation {
  readonly number: number;
  readonly id: string;
  /** Whose member went on. */
  readonly site: Site;
  /** Who were given up. */
  readonly without: readonly Site[];
}

/** Which numbers of timelines were given, and which of them has acknowledged (core/timelines.ts). */
export interface Timelines {
  /** The highest number that was ever given to a promotion. */
  readonly given: number;
  /** Since it was last written down which timeline may acknowledge. */
  readonly promotions: readonly Promotion[];
  readonly acknowledging: Acknowledging | null;
}

export interface Promotion {
  readonly site: Site;
  readonly timeline: number;
  readonly parent: number;
}

export interface Acknowledging {
  readonly timeline: number;
  /** Where it is led. Agents of earlier versions did not write it. */
  readonly site?: Site;
  /** Null where its promotion was given no number: of a new cluster, or by a Patroni that does not ask. */
  readonly parent: number | null;
  /**
   * The highest number that had been given by then: who left this timeline for one up to there left it before, and
   * lacks what is acknowledged from here on.
   */
  readonly before: number;
  /** Patroni's leader key, by its revision: taken anew, somebody may have led in between. */
  readonly key: number;
}

/** A machine and one start of it (D8): two that are set up alike must not both be one site. */
export interface Machine {
  readonly machine: string;
  readonly boot: string;
}

/** `losses`: how often in a row this machine began anew without having proved itself in between (F21). */
export interface MachineKey extends Machine {
  readonly losses: number;
  readonly revision: number;
}

/** `revision` is that of the last pulse: that it changes is the sign of life. */
export interface SiteKey {
  readonly revision: number;
  readonly report: Report;
}

/** Members of Patroni carry the names of their sites. */
export interface PatroniKeys {
  /** `revision`: Patroni writes the key when it takes it, and again under a new lease, as when it was started anew; else never. */
  readonly leader: {
    readonly site: Site;
    readonly lease: string;
    readonly revision: number;
  } | null;
  readonly sync: {
    readonly leader: Site | null;
    readonly standbys: readonly Site[];
    /** How many of those that may have confirmed have to say that they have no more; absent where Patroni did not write it. */
    readonly quorum?: number;
    readonly revision: number;
  } | null;
  /** A planned switchover that Patroni has accepted and not ended. */
  readonly failover: {
    readonly from: Site | null;
    readonly to: Site | null;
    readonly revision: number;
  } | null;
  /** Of the key, also where it names nobody; 0 where it is not there. */
  readonly failoverRevision: number;
  /** The timeline in which `/history` ends; null where that cannot be read. */
  readonly timeline: number | null;
  /** Its lines; what they hold beyond the number of a timeline is Patroni's. */
  readonly history: readonly (readonly unknown[])[];
  readonly historyRevision: number;
  /** Somebody paused Patroni itself (`patronictl pause`). */
  readonly paused: boolean;
  readonly configRevision: number;
  /** It acknowledges without a standby, as its configuration in etcd says (`synchronous_mode_strict`). */
  readonly isLax?: true;
  /** Absent where the configuration cannot be read. */
  readonly kept?: KeptLog;
  /** Of whom Patroni's primary asks leave to go on without etcd, itself among them; absent where its `failsafe_mode` is off. */
  readonly failsafe?: readonly Site[];
}

/** How much of the log is kept for a site that is away, and for how long (F13). */
export interface KeptLog {
  /** By its slot; null is without a bound. */
  readonly bytesMax: number | null;
  /** For anybody. */
  readonly bytesAlways: number;
  /** From when Patroni misses the site until it takes its slot away. */
  readonly forMs: number;
}

/** What a site says of itself with every pulse. */
export interface Report {
  readonly witness: boolean;
  readonly serverUrl: string | null;
  readonly server: ServerReport | null;
  readonly postgres: PostgresReport | null;
  readonly front: 'healthy' | 'sick' | 'unknown';
  /** How its front reaches the writer; null where none is named, or the front is not known. */
  readonly frontWay: FrontWay | null;
  /** It has a driver for the address, and the driver works as far as is known. */
  readonly mayHoldAddress: boolean;
  readonly power: Power;
  /** What its UPS says of the battery; null where that says nothing. Agents of earlier versions say nothing of it. */
  readonly battery?: Battery | null;
  /** Why a switchover must not go here; null where it may. */
  readonly notCandidate: string | null;
  /** It gave up leadership shortly before, and must prove itself; only a low battery overrides that. */
  readonly heldDown: boolean;
  /** How often it was lost lately, while it must prove itself after that; else 0 (F21). */
  readonly unstable: number;
  /** What was amiss lately with it as the primary's site (F29). Agents of earlier versions say nothing of it. */
  readonly unwell?: string | null;
  /** The last promotion of its copy, if that came to nothing. Agents of earlier versions say nothing of it. */
  readonly refused?: RefusedPromotion | null;
  /** What is damaged in its copy of the database (F7); null where nothing is known to be. Agents of earlier versions say nothing of it. */
  readonly copyDamage?: string | null;
  /** Where PostgreSQL's data are (F11, F12). Null where that is not watched; agents of earlier versions say nothing of it. */
  readonly disk?: DiskReport | null;
  /** Its member of etcd (F5, F14). Null where nothing is known of it; agents of earlier versions say nothing of it. */
  readonly etcdMember?: EtcdMemberReport | null;
  /** How its packets come to the other sites (F10). Agents of earlier versions say nothing of it. */
  readonly links?: Readonly<Record<Site, LinkReport>>;
  /** Its wall clock when it said this (milliseconds since 1970): compared, and nothing else. Agents of earlier versions lack it. */
  readonly wallMs?: number | null;
  /** By how much its wall clock is behind that of another site at least, where that is worth an alarm (F19). */
  readonly clockBehind?: ClockBehind | null;
  /** When the first of its certificates ends (RFC 3339); null where none is known. */
  readonly certificatesEnd: string | null;
  /** Nobody here answers for longer than the third fence allows, by whatever it was told. Absent where that is off. */
  readonly fenced?: boolean;
  /** What it cannot let in again. Absent where there is nothing of the kind, and in what agents of earlier versions say. */
  readonly staysBlocked?: StaysBlocked | null;
  /** Its machine goes down since its battery ends, and it leads nothing: it leaves etcd if another site may go on alone. Agents of earlier versions say nothing of it. */
  readonly goesDown?: boolean;
  /** Agents of earlier versions say nothing of it. */
  readonly carried?: Carried;
  /** The site of etcd's leader, as far as this site's member says that it is itself. */
  readonly etcdLeader: boolean;
}

export interface DiskReport {
  /** For how long nothing that was written there has come to the disk; null where nothing is written to find that out. */
  readonly silentMs: number | null;
  /** The part that is free for PostgreSQL, from 0 to 1, of what is scarcer; null where that is not known. */
  readonly free: number | null;
  readonly scarce: 'space' | 'inodes';
  /** Why it is not watched as it should be, in words for the operator. */
  readonly trouble: string | null;
}

export interface EtcdMemberReport {
  readonly damage: EtcdDamage | null;
  /** The part of what its database may take that it takes, from 0 to 1; null where it does not answer. */
  readonly used: number | null;
}

/** The data of a member were damaged or lost, and it does not start on them: it waits to be replaced, or was. */
export interface EtcdDamage {
  readonly kind: 'waits' | 'replaced';
  readonly why: string;
  readonly agoMs: number;
}

/** The way to another site, over the last seconds; null where too little was sent to tell. */
export interface LinkReport {
  /** The part of all packets that had to be sent again, from 0 to 1. */
  readonly lost: number | null;
  /** How long an answer takes. */
  readonly rttMs: number | null;
}

/** Another site's PostgreSQL and Patroni are turned away for longer than anybody wants (the third fence), and why that does not end. */
export interface StaysBlocked {
  readonly site: Site;
  readonly why: string;
  readonly forMs: number;
}

export interface ClockBehind {
  readonly site: Site;
  readonly byMs: number;
}

/** Patroni had the leader key, and its `pre_promote` did not let it promote the copy. */
export interface RefusedPromotion {
  readonly kind: RefusalKind;
  readonly why: string;
  /** How long ago the last time was, and the first in a row. */
  readonly agoMs: number;
  readonly sinceMs: number;
}

/** What the program may say, by who must do something about it. */
export const REFUSALS_TOLD = [
  /** The copy lacks what has been acknowledged. */
  'left-behind',
  /** Nobody can read the key that says which timeline acknowledged. */
  'timelines',
  'etcd',
  'postgres',
  /** Other sites have more, or do not say that they have not. */
  'votes',
  /** Patroni's leader key was another site's by then. */
  'key',
  'certificate',
  /** What had to be written could not be. */
  'disk',
  /** Its copy is damaged, and another one that has as much is not. */
  'damaged',
] as const;

export type RefusalKind =
  | (typeof REFUSALS_TOLD)[number]
  /** It left no word: it may not run at all. */
  | 'silent';

/** What has to outlive this agent. */
export interface Carried {
  /** Ordered by an operator; of two the one with the greater number is later. */
  readonly pause: { readonly number: number; readonly leftMs: number } | null;
  readonly moves: {
    readonly count: number;
    readonly passedMs: number;
    readonly heldMs: number;
  } | null;
  /** Since this site's copy was cloned anew by its agent. */
  readonly reinitializedMs: number | null;
}

/** `through`: over the front of another site, since the link to the writer's is cut. */
export type FrontWay =
  | { readonly kind: 'direct' }
  | { readonly kind: 'through'; readonly site: Site }
  | { readonly kind: 'none'; readonly forMs: number };

export interface ServerReport {
  readonly role: ServerRole;
  /** The writer's own; else that of the copy beside it. */
  readonly epoch: number | null;
  readonly position: number | null;
  readonly healthy: boolean;
  readonly why: string | null;
  /** How long the writer's batch in flight has waited for its commit. Servers of before say nothing of it. */
  readonly waitingMs?: number;
}

export type ServerRole = 'follower' | 'taking-over' | 'writer' | 'stopping';

export interface PostgresReport {
  readonly role: 'primary' | 'standby';
  /** Patroni's word for it: 'running', 'streaming', 'starting', 'stopped', 'crashed' … */
  readonly state: string;
  readonly timeline: number | null;
  readonly lsn: string | null;
}

export type Power = 'mains' | 'battery' | 'low' | 'unknown';

export interface Battery {
  /** How full it is, from 0 to 1; null where the UPS does not say. */
  readonly charge: number | null;
  /** How long it lasts, until the machine is shut down for it; null on mains, and where the UPS does not say. */
  readonly leftMs: number | null;
}
