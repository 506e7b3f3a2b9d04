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
  /** Whoever starts etcd takes it in this start of the machine, and before then (seconds since it started), or it is void. What is done upon it may take longer. */
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
  /** As the gateway shows them. */
  readonly kvs: readonly object[];
}

/** etcd's member of a machine, how much of etcd it has, and whose votes decide by that (its own among them), by their ids. */
export interface OwnMember {
  readonly clusterId: string;
  readonly memberId: string;
  readonly revision: number;
  readonly voters: readonly string[];
}

/**
 * How it ended, for whoever ordered it:
 *
 *     taken     it is being carried out
 *     refused   nothing was done, and nothing will be
 *     decided   etcd of this machine will start as the only member, or not at all: this or a later start puts the copy in its place
 *     done      etcd of this machine starts as the only member; or what it has was looked at
 */
export interface AloneTold {
  readonly id: string;
  readonly kind: 'taken' | 'refused' | 'decided' | 'done';
  readonly why: string | null;
}

export const ALONE_ORDER = 'alone.order';
export const ALONE_TOLD = 'alone.json';
export const FOUND_ON_COPY = 'found.json';

export const ORDER_BYTES_MAX = 64 * 1024;
