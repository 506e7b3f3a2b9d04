import type { PeerWord, Stranger } from './peers.ts';
import type { Seen } from './recovery-shown.ts';
import type { Millis } from './timings.ts';
import type {
  Battery,
  Block,
  DiskReport,
  EtcdDamage,
  FrontWay,
  LinkReport,
  PostgresReport,
  Power,
  RefusalKind,
  ServerReport,
  Site,
  View,
} from './view.ts';

export type Lease = 'leader' | 'address';

/**
 * A watch showed a pulse of a site. The next reading shows it too; but while etcd elects a leader there is
 * none, and then the holder's time would seem to begin after the election.
 */
export interface PulseSeen {
  readonly kind: 'pulse-seen';
  readonly clusterId: string;
  readonly site: Site;
  readonly revision: number;
}

/** What the world may tell the machine. `sentAt` is always the time before the question left. */
export type Input =
  | { readonly kind: 'tick' }
  /** Something changed in etcd; what, must be read. A watch that says nothing means nothing. */
  | { readonly kind: 'hint' }
  | PulseSeen
  | { readonly kind: 'read'; readonly view: View }
  /** `renewed` is false if etcd refused it, because one of `holds` is no longer ours. */
  | {
      readonly kind: 'pulsed';
      readonly sentAt: Millis;
      readonly holds: Holds;
      readonly renewed: boolean;
      readonly view: View;
    }
  | {
      readonly kind: 'claimed';
      readonly lease: Lease;
      readonly sentAt: Millis;
      readonly won: boolean;
      readonly view: View;
    }
  | { readonly kind: 'released'; readonly lease: Lease; readonly view: View }
  | { readonly kind: 'timeline-noted'; readonly view: View }
  /** `heedsLeave`: a promotion here waits for leave that was given (F20), by the configuration that Patroni has taken up. */
  | { readonly kind: 'postgres'; readonly postgres: PostgresReport; readonly heedsLeave?: true }
  | { readonly kind: 'postgres-silent'; readonly reason: string }
  /** `ttlMs` null: etcd knows no such lease. */
  | {
      readonly kind: 'patroni-lease';
      readonly lease: string;
      readonly sentAt: Millis;
      readonly ttlMs: Millis | null;
    }
  | { readonly kind: 'server'; readonly askedAt: Millis; readonly server: ServerReport }
  /** `gone`: nobody listens, so no process is there. Else it may be frozen and wake up. */
  | {
      readonly kind: 'server-silent';
      readonly askedAt: Millis;
      readonly gone: boolean;
      readonly reason: string;
    }
  /** The server's answer to its orders. */
  | {
      readonly kind: 'told';
      readonly role: ServerReport['role'];
      readonly epoch: number | null;
    }
  | {
      readonly kind: 'front';
      readonly healthy: boolean;
      readonly connections: number;
      /** For how long the oldest request through the address waits for its answer; long polls aside. */
      readonly slowestMs?: Millis;
      readonly way?: FrontWay | null;
    }
  | { readonly kind: 'power'; readonly power: Power; readonly battery?: Battery | null }
  | { readonly kind: 'disk'; readonly disk: DiskReport }
  /** By host, as the kernel knows the other ends. */
  | { readonly kind: 'links'; readonly links: Readonly<Record<string, LinkReport>> }
  /** How far this machine's wall clock is ahead of the clock that all here is counted by. */
  | { readonly kind: 'wall-clock'; readonly aheadMs: Millis }
  | { readonly kind: 'promotion'; readonly told: ToldOfPromotion | null }
  /** What is damaged in this site's copy of the database; null where nothing is known to be. */
  | { readonly kind: 'copy-checked'; readonly damage: string | null }
  | { readonly kind: 'certificates'; readonly end: string | null }
  /** The agent of another site, asked by itself. */
  | {
      readonly kind: 'peer-answered';
      readonly site: Site;
      readonly sentAt: Millis;
      readonly word: PeerWord;
    }
  | { readonly kind: 'peer-silent'; readonly site: Site; readonly reason: string }
  /** The leader of that term cannot hear etcd, and asks whether it may go on for a while. */
  | {
      readonly kind: 'leave-asked';
      readonly id: string;
      readonly site: Site;
      readonly term: number;
    }
  /** Whether that site let us go on; `why` says why not, or that it did not answer. */
  | {
      readonly kind: 'leave-answered';
      readonly site: Site;
      readonly sentAt: Millis;
      readonly term: number;
      readonly why: string | null;
    }
  /** At the start: until when an agent of this machine before this one may have let somebody go on. */
  | { readonly kind: 'leave-given'; readonly until: Millis }
  /** The leader of that term asks whether its server may answer for a few seconds more (the third fence). */
  | {
      readonly kind: 'cover-asked';
      readonly id: string;
      readonly site: Site;
      readonly term: number;
    }
  /** Null is a yes. */
  | {
      readonly kind: 'cover-answered';
      readonly site: Site;
      readonly sentAt: Millis;
      readonly term: number;
      readonly why: string | null;
    }
  /** By the word of a majority; and what the own site's member knows by itself, null while it does not answer. */
  | {
      readonly kind: 'etcd-members';
      readonly members: readonly ListedMember[];
      readonly own: readonly string[] | null;
    }
  /** This machine goes down; if for its battery, and another site may go on alone, it leaves etcd before. */
  | { readonly kind: 'leave-wanted'; readonly id: string }
  | { readonly kind: 'alone-written'; readonly view: View }
  /** At the start: what an agent of this machine before this one has blocked. */
  | { readonly kind: 'block-found'; readonly block: Block }
  /** Nothing is received from there any more, and all that was is replayed. */
  | {
      readonly kind: 'blocked';
      readonly block: Block;
      readonly timeline: number;
      readonly lsn: number;
    }
  | { readonly kind: 'unblocked' }
  | { readonly kind: 'promised'; readonly view: View }
  | { readonly kind: 'taken-back'; readonly done: boolean; readonly view: View }
  | {
      readonly kind: 'given';
      readonly sentAt: Millis;
      readonly done: boolean;
      readonly view: View;
    }
  /** Somebody asked this agent who is none of those that may. */
  | { readonly kind: 'peer-refused'; readonly stranger: Stranger }
  | { readonly kind: 'address-held' }
  | { readonly kind: 'address-dropped' }
  /** What the interface carries, asked once at the start: an earlier process may have left it. */
  | { readonly kind: 'address-found'; readonly present: boolean }
  | { readonly kind: 'etcd-leader'; readonly here: boolean; readonly others: readonly EtcdMember[] }
  | { readonly kind: 'etcd-room'; readonly room: EtcdRoom }
  | { readonly kind: 'etcd-damage'; readonly damage: EtcdDamage | null }
  | { readonly kind: 'switchover-wanted'; readonly id: string; readonly to: Site | null }
  /** Only automatic moves stop, and only for a time: a forgotten pause must end (F25). */
  | { readonly kind: 'pause-wanted'; readonly id: string; readonly forMs: Millis }
  | RecoveryWanted
  /** Whether etcd found all as it was seen. */
  | { readonly kind: 'recovered'; readonly done: boolean; readonly view: View }
  | { readonly kind: 'done'; readonly effect: Done }
  | { readonly kind: 'failed'; readonly effect: Pending; readonly reason: string };

/** An operator goes on without sites that have not come back, having seen what is at stake (core/recovery/recovery.ts). */
export interface RecoveryWanted {
  readonly kind: 'recovery-wanted';
  readonly id: string;
  readonly to: Site;
  readonly seen: Seen;
  /** What he typed; null where nothing had to be. */
  readonly confirmed: string | null;
  /** Who he is, and by which clock he asked (RFC 3339): for the record alone. */
  readonly by: string;
  readonly at: string;
}

/** What the program that Patroni asks before a promotion (`pre_promote`) said last; `kind` is null where it let it be. */
export interface ToldOfPromotion {
  readonly kind: RefusalKind | null;
  readonly why: string;
  readonly agoMs: Millis;
  /** The first in a row of the same. */
  readonly sinceMs: Millis;
}

/** The terms that a pulse renews: etcd refuses it whole if one of them is over. */
export type Holds = { readonly [lease in Lease]?: number };

/** Of the databases of etcd's members, by what each that answers says of itself. */
export interface EtcdRoom {
  /** etcd takes no write: the database of one was full. */
  readonly noSpace: boolean;
  /** The part of what it may take that it takes, from 0 to 1: of the own site's (null where it does not answer), and the most of all. */
  readonly own: number | null;
  readonly most: number;
  readonly allAnswer: boolean;
}

export interface EtcdMember {
  readonly id: string;
  readonly name: string;
}

/** One of etcd's, as `member list` says it. */
export interface ListedMember extends EtcdMember {
  /** It listens, and has no vote. */
  readonly learner: boolean;
}

/** What has no answer but that it was done. */
export type Done =
  | 'refuse-connections'
  | 'switchover'
  | 'hand-over'
  | 'cancel-switchover'
  | 'nominate'
  | 'depose'
  | 'relieve'
  | 'end-history'
  | 'move-etcd-leader'
  | 'make-room-in-etcd'
  | 'remove-member'
  | 'promote-member'
  | 'reinitialize';

/** What is asked for and not yet answered. Of each there is one at a time; pulses may overlap. */
export type Pending =
  | Done
  | 'pulse'
  | 'read'
  | `claim ${Lease}`
  | `release ${Lease}`
  | 'patroni-lease'
  | 'tell-server'
  | 'hold-address'
  | 'drop-address'
  | 'note-timeline'
  | 'recover'
  | 'ask-leave'
  | 'give-leave'
  | 'ask-cover'
  | 'give-cover'
  | 'block'
  | 'unblock'
  | 'promise'
  | 'take-back'
  | 'give'
  | 'go-alone';

/** What a watch of etcd tells by itself. */
export type WatchInput = Extract<Input, { kind: 'hint' | 'pulse-seen' }>;
