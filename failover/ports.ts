import type { AddressTerm, EffectOf } from './core/effects.ts';
import type {
  EtcdMember,
  EtcdRoom,
  ListedMember,
  ToldOfPromotion,
  WatchInput,
} from './core/inputs.ts';
import type { PeerWord, Stranger } from './core/peers.ts';
import type { Millis } from './core/timings.ts';
import type {
  Battery,
  Block,
  DiskReport,
  EtcdDamage,
  FrontWay,
  LinkReport,
  PostgresReport,
  Power,
  ServerReport,
  Site,
  View,
} from './core/view.ts';

/**
 * What the agent needs of the world. Every call ends within a deadline of its own, and rejects when it
 * failed; none tries again by itself, since that is the machine's to decide.
 */
export interface Ports {
  /** CLOCK_BOOTTIME, which the server's deadlines are on too. */
  readonly now: () => Millis;
  /** Milliseconds since 1970: it may be wrong, and be set at any moment; other sites hear of it, and nothing is decided by it. */
  readonly wallClock: () => Millis;
  readonly etcd: Etcd;
  /** Null where no site goes on alone: then nobody asks who etcd's members are (docs/going-alone.md). */
  readonly members: EtcdMembers | null;
  /** Says that there is something to read, and what pulses it sees; may miss things, and goes on until the signal. */
  readonly watch: (tell: (input: WatchInput) => void, signal: AbortSignal) => Promise<void>;
  /** What a site with PostgreSQL and a server has; null on a witness. */
  readonly site: SitePorts | null;
  /** Null where this site has no floating address. */
  readonly address: Address | null;
  /** Null where no UPS is configured: the power is then unknown, and decides nothing. */
  readonly power: (() => Promise<{ power: Power; battery: Battery | null }>) | null;
  /** What keeps this site's member of etcd from starting, or did; null where nothing was said of it. */
  readonly etcdDamage: () => Promise<EtcdDamage | null>;
  /** How packets come to the other machines, by host; null where that is not watched. */
  readonly links: (() => Promise<Readonly<Record<string, LinkReport>>>) | null;
  /** The agents of the other sites, asked by themselves; null where none are named. */
  readonly peers: Peers | null;
  /** When the first of this site's certificates ends (RFC 3339); null where it has none. */
  readonly certificatesEnd: () => Promise<string | null>;
}

export interface SitePorts {
  readonly patroni: Patroni;
  readonly server: Server;
  readonly front: Front;
  /** Has this site's copy cloned anew from the primary there; rejects, with nothing done, where that one would not let it. */
  readonly cloneAnew: (from: Site) => Promise<void>;
  /** Null where this agent cannot see how its PostgreSQL ends. */
  readonly handOver: ((effect: EffectOf<'hand-over'>) => Promise<void>) | null;
  /** Null where this site can turn no other's PostgreSQL away: then it promises nothing (docs/third-fence.md). */
  readonly blocking: Blocking | null;
  /** What is known of PostgreSQL's disk by now, which it never waits for; null where this agent does not know the folder. */
  readonly disk: (() => DiskReport) | null;
  /** Null where it never said anything, or nobody can read it. */
  readonly promotionTold: () => Promise<ToldOfPromotion | null>;
  /** What is damaged in this site's copy of the database; null where nothing is known to be. */
  readonly copyDamage: () => Promise<string | null>;
  /** Nobody listens at all, so no process is there; any other error may be of one that is frozen. */
  readonly isGone: (error: unknown) => boolean;
}

/** What was noted holds for the next agent of this machine, too, and before its Patroni starts. */
export interface Blocking {
  noted(): Promise<Block | null>;
  /** Ends once nothing more is received from there, and all that was is replayed: with what the copy has. */
  put(block: Block): Promise<{ timeline: number; lsn: number }>;
  take(block: Block): Promise<void>;
}

export interface EtcdMembers {
  /** By the word of a majority; and what the own site's member knows by itself, null while it does not answer. */
  list(): Promise<{ members: readonly ListedMember[]; own: readonly string[] | null }>;
  /** One that is none any more is removed. */
  remove(id: string): Promise<void>;
  /** Lets a learner vote; one that votes does. */
  promote(id: string): Promise<void>;
}

export interface Etcd {
  read(): Promise<View>;
  pulse(effect: EffectOf<'pulse'>): Promise<{ renewed: boolean; view: View }>;
  claim(effect: EffectOf<'claim'>): Promise<{ won: boolean; view: View }>;
  release(effect: EffectOf<'release'>): Promise<View>;
  cancelSwitchover(effect: EffectOf<'cancel-switchover'>): Promise<void>;
  nominate(effect: EffectOf<'nominate'>): Promise<void>;
  depose(effect: EffectOf<'depose'>): Promise<void>;
  recover(effect: EffectOf<'recover'>): Promise<{ done: boolean; view: View }>;
  relieve(effect: EffectOf<'relieve'>): Promise<void>;
  writePromise(effect: EffectOf<'promise'>): Promise<View>;
  takePromiseBack(revision: number): Promise<{ done: boolean; view: View }>;
  giveUponPromises(effect: EffectOf<'give'>): Promise<{ done: boolean; view: View }>;
  /** Rejects where the configuration cannot be read. */
  writeAlone(effect: EffectOf<'go-alone'>): Promise<View>;
  noteTimeline(effect: EffectOf<'note-timeline'>): Promise<View>;
  endHistory(effect: EffectOf<'end-history'>): Promise<void>;
  leaseLeftMs(lease: string): Promise<Millis | null>;
  leadership(): Promise<{ here: boolean; others: readonly EtcdMember[] }>;
  moveLeader(member: string): Promise<void>;
  room(): Promise<EtcdRoom>;
  /** Ends when each member that answers has given back what is old. */
  makeRoom(): Promise<void>;
}

export interface Patroni {
  /** `heedsLeave`: by its configuration a promotion waits for leave that this site has given (F20). */
  report(): Promise<PostgresReport & { readonly heedsLeave?: true }>;
  /** Ends when Patroni has done it, which takes seconds, or with what it says against it. */
  switchover(from: Site, to: Site): Promise<void>;
}

export interface AskedByPeers {
  word(): PeerWord;
  /** Null is a yes. */
  leave(site: Site, term: number): Promise<string | null>;
  /** Null is a yes. */
  cover(site: Site, term: number): Promise<string | null>;
  refused(stranger: Stranger): void;
}

export interface Peers {
  /** Whom this agent may ask. */
  readonly sites: readonly Site[];
  ask(site: Site): Promise<PeerWord>;
  /** Whether that site lets the leader of this term go on without etcd: null, or why not. */
  askLeave(site: Site, term: number): Promise<string | null>;
  /** Whether that site lets the server of this term's leader answer for a few seconds more: null, or why not. */
  askCover(site: Site, term: number): Promise<string | null>;
  /** Before it ends well nobody may be told yes; rejects where a promotion has begun here, or it cannot be noted. */
  noteLeave(until: Millis): Promise<void>;
  /** Until when the one before this process may have given leave; long ago where it did not. */
  leaveNoted(): Promise<Millis>;
  /** Answers the others until the signal. */
  serve(asked: AskedByPeers, signal: AbortSignal): Promise<void>;
}

export interface Server {
  report(): Promise<ServerReport>;
  tell(
    order: EffectOf<'tell-server'>,
  ): Promise<{ role: ServerReport['role']; epoch: number | null }>;
}

export interface Front {
  health(): Promise<{
    healthy: boolean;
    connections: number;
    slowestMs?: Millis;
    way?: FrontWay | null;
  }>;
}

export interface Address {
  /** Shows the address here or goes on doing so; where it can end by itself it does not after `until` (D9). */
  hold(until: Millis, term: AddressTerm): Promise<void>;
  /** It is about to leave: new connections wait for its next site, and the others may end here. */
  refuseNew(): Promise<void>;
  drop(): Promise<void>;
  present(): Promise<boolean>;
}

/** Shaped as pino is. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Why a call failed, in the words of whoever was asked. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
