/**
 * An administrator's order that etcd's member of this machine goes on without the others (`farol promote`): what he was shown, on
 * condition of which it is carried out, and what is to stand in etcd before anybody else hears of it. Written by root, carried out in
 * the place of etcd's start, by its user (failover/member/go-alone.ts).
 */
export interface AloneOrder extends Given {
  readonly seen: OwnMember;
  /** `HOST:PORT` of all that answers at the sites that are given up while anything is there. */
  readonly doors: readonly string[];
  /** Keys as they were shown, by the revision of their last change; 0 is none. */
  readonly compare: readonly { readonly key: string; readonly revision: number }[];
  readonly put: readonly { readonly key: string; readonly text: string }[];
}

interface Given {
  readonly id: string;
  /** Good for this start of the machine, and until then: seconds since it started. */
  readonly boot: string;
  readonly untilS: number;
}

/**
 * That what etcd's member here has is looked at, on a copy, and nothing else: one that was started while it could hear too few others
 * says nothing to anybody (3.4 and 3.5). `look` are the ranges, as etcd's gateway takes them.
 */
export interface LookOrder extends Given {
  readonly look: readonly object[];
}

/** What was found so. */
export interface FoundOnCopy extends OwnMember {
  readonly boot: string;
  readonly atS: number;
  /** Those that its settings name, itself among them. */
  readonly sites: readonly { readonly name: string; readonly peerUrl: string }[];
  /** How many members there are beside it, by its data. */
  readonly others: number;
  /** As the gateway shows them. */
  readonly kvs: readonly object[];
}

/** etcd's member of a machine, and how much of etcd it has. */
export interface OwnMember {
  readonly clusterId: string;
  readonly memberId: string;
  readonly revision: number;
}

/**
 * How it ended, for whoever ordered it:
 *
 *     taken     it is being carried out
 *     refused   nothing was done
 *     done      etcd of this machine starts as the only member; or what it has was looked at
 */
export interface AloneTold {
  readonly id: string;
  readonly kind: 'taken' | 'refused' | 'done';
  readonly why: string | null;
}

export const ALONE_ORDER = 'alone.order';
export const ALONE_TOLD = 'alone.json';
export const FOUND_ON_COPY = 'found.json';
