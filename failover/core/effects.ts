import type { Holds, Lease, Pending } from './inputs.ts';
import type { RecoveryRecord, Seen } from './recovery-shown.ts';
import type { Millis } from './timings.ts';
import type { Block, Machine, Report, Site, Timelines } from './view.ts';

/** What the machine wants done. Each ends in an input: its answer, or `failed`. */
export type Effect =
  /** Puts our report, if the name and what we hold are still ours, and reads everything. */
  | {
      readonly kind: 'pulse';
      readonly sentAt: Millis;
      readonly holds: Holds;
      readonly name: Naming;
      readonly report: Report;
    }
  | { readonly kind: 'read' }
  /**
   * Takes a lease whose key is still as at `revision`, be it vacant, or its holder without a sign of
   * life since.
   */
  | {
      readonly kind: 'claim';
      readonly lease: Lease;
      readonly sentAt: Millis;
      readonly revision: number;
      readonly over: Predecessor | null;
      /** The revision of the key that says that the site's name is this machine's. */
      readonly name: number;
      readonly report: Report;
    }
  | { readonly kind: 'release'; readonly lease: Lease; readonly revision: number }
  | { readonly kind: 'patroni-lease'; readonly sentAt: Millis; readonly lease: string }
  | { readonly kind: 'tell-server'; readonly role: 'follower' }
  | {
      readonly kind: 'tell-server';
      readonly role: 'writer';
      readonly leaderRevision: number;
      readonly deadline: Millis;
    }
  /** Shows the address here, or goes on doing so, to end by itself not after `until` where it can. */
  | { readonly kind: 'hold-address'; readonly until: Millis; readonly term: AddressTerm }
  /** The address is about to leave: new connections to it wait for its next site. */
  | { readonly kind: 'refuse-connections' }
  | { readonly kind: 'drop-address' }
  | { readonly kind: 'switchover'; readonly from: Site; readonly to: Site; readonly why: string }
  /**
   * Our PostgreSQL is being stopped for a switchover: once it has ended in good order and `to` has all
   * of it, gives `to` Patroni's leader key, on condition that key and /sync are as they were.
   */
  | {
      readonly kind: 'hand-over';
      readonly to: Site;
      readonly lease: string;
      readonly leader: number;
      readonly failover: number;
      readonly sync: number;
      readonly config: number;
    }
  /** The switchover names somebody who may lack something. `lease` is null while nobody holds Patroni's key. */
  | {
      readonly kind: 'cancel-switchover';
      readonly lease: string | null;
      readonly failover: number;
    }
  /** Nobody holds Patroni's leader key, and this site has all: names it as the next leader. */
  | { readonly kind: 'nominate'; readonly failover: number; readonly sync: number }
  /** Takes Patroni's leader key for this site from one that lacks what was acknowledged; 0 where nobody holds it. */
  | {
      readonly kind: 'depose';
      readonly from: Site;
      readonly leader: number;
      readonly timelines: number;
      readonly config: number;
    }
  /** Gives a site Patroni's leader key, on an operator's word; `timelines` is null where what acknowledged stands. */
  | {
      readonly kind: 'recover';
      readonly to: Site;
      /** Who has to say again that it has no more. */
      readonly unless: readonly Site[];
      readonly seen: Seen;
      readonly timelines: Timelines | null;
      readonly record: RecoveryRecord;
    }
  /** Takes Patroni's leader key for this site from one whose disk does not answer; our own leader key must be free. */
  | {
      readonly kind: 'relieve';
      readonly from: Site;
      readonly leader: number;
      /** Of our own leader key, its revision. */
      readonly term: number;
      readonly over: Predecessor | null;
      readonly config: number;
    }
  /** Writes down that the timeline which PostgreSQL leads here may acknowledge from now on. */
  | {
      readonly kind: 'note-timeline';
      /** Of our own lease, of Patroni's key, and of what is known of timelines: their revisions. */
      readonly term: number;
      readonly key: number;
      readonly revision: number;
      readonly timelines: Timelines;
    }
  /** Has Patroni's `/history` end in our timeline, where the number before it was given to nobody's parent. */
  | {
      readonly kind: 'end-history';
      readonly key: number;
      readonly revision: number;
      readonly lines: readonly (readonly unknown[])[];
    }
  | { readonly kind: 'move-etcd-leader'; readonly member: string }
  /** Has each member of etcd give back what is old, one after the other; etcd then takes writes again. */
  | { readonly kind: 'make-room-in-etcd' }
  /** Has our copy cloned anew from `from`, if that one can be reached and would let it be. */
  | { readonly kind: 'reinitialize'; readonly from: Site }
  /** Asks another site whether we may go on without etcd, as the leader of that term. */
  | {
      readonly kind: 'ask-leave';
      readonly of: Site;
      readonly sentAt: Millis;
      readonly term: number;
    }
  /** Answers such a question; with a yes no promotion may begin here before `until`, which is noted first. */
  | {
      readonly kind: 'give-leave';
      readonly id: string;
      readonly until: Millis;
      readonly why: string | null;
    }
  /** Asks another site whether our server may answer for a few seconds more, as the leader of that term. */
  | {
      readonly kind: 'ask-cover';
      readonly of: Site;
      readonly sentAt: Millis;
      readonly term: number;
    }
  | { readonly kind: 'give-cover'; readonly id: string; readonly why: string | null }
  /**
   * Notes on the disk that nothing is to be received from there, and by whose key; turns its PostgreSQL and Patroni away; ends the
   * walreceiver, and waits until all that was received is replayed. Done again it changes nothing.
   */
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'unblock'; readonly block: Block }
  /** Writes into etcd what is blocked, and what this copy has; if our promise there is as at `revision`. */
  | {
      readonly kind: 'promise';
      readonly revision: number;
      readonly block: Block;
      readonly timeline: number;
      readonly lsn: number;
    }
  /** Makes it void: nobody can act upon it any more, nor upon one that is still under way. */
  | { readonly kind: 'take-back'; readonly revision: number }
  /** Takes Patroni's leader key and our own from a site that is silent, upon the promises of all others; all that is named is compared. */
  | {
      readonly kind: 'give';
      readonly sentAt: Millis;
      readonly block: Block;
      readonly sync: number;
      readonly failover: number;
      readonly config: number;
      readonly promises: Readonly<Record<Site, number>>;
      /** Of our own leader key, its revision; and the last pulse of who has it. */
      readonly term: number;
      readonly pulse: number;
      readonly name: number;
      readonly timeline: number;
      readonly report: Report;
    }
  /** Writes down that this site may go on alone when that one has left, and has Patroni acknowledge without a standby; null: the contrary. */
  | {
      readonly kind: 'go-alone';
      readonly leaver: Site | null;
      readonly members: readonly Site[];
      /** Of our own lease, of Patroni's key and its configuration, and of what is written of it: their revisions. */
      readonly term: number;
      readonly key: number;
      readonly config: number;
      readonly revision: number;
    }
  /** Done again it changes nothing. */
  | { readonly kind: 'remove-member'; readonly member: string }
  /** Lets one vote that has listened. */
  | { readonly kind: 'promote-member'; readonly member: string }
  | {
      readonly kind: 'answer';
      readonly id: string;
      readonly accepted: boolean;
      readonly text: string;
    };

/** The key that says which machine has the site's name must be as at `revision`. */
export interface Naming {
  readonly revision: number;
  /** What is put into it; null where it says so already. */
  readonly put: (Machine & { readonly losses: number }) | null;
  /** The last pulse of the machine or start whose name it was: after a newer one this is refused. */
  readonly over: number | null;
}

/** Under which claim a site has the address: of one etcd, the greater is the later one. */
export interface AddressTerm {
  readonly clusterId: string;
  readonly revision: number;
}

/** The holder's sign of life that was seen last; after a newer one the claim fails. */
export interface Predecessor {
  readonly site: Site;
  /** The revision of its key; 0 if that is not there. */
  readonly pulse: number;
}

export type EffectOf<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

/**
 * What somebody does about each kind of effect: the agent, the simulation, the log. A table without a new kind
 * does not compile.
 */
export type Deeds<Done> = {
  readonly [Kind in Effect['kind']]: (effect: EffectOf<Kind>) => Done;
};

export function perform<Done>(deeds: Deeds<Done>, effect: Effect): Done {
  // The compiler does not see that the deed and the effect are of one kind.
  return (deeds[effect.kind] as (effect: Effect) => Done)(effect);
}

/** Under which name it is asked for and not yet answered. */
export function pendingOf(effect: Exclude<Effect, { kind: 'answer' }>): Pending {
  return effect.kind === 'claim' || effect.kind === 'release'
    ? `${effect.kind} ${effect.lease}`
    : effect.kind;
}
