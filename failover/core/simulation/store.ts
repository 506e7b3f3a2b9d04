import { type KeyNames, keyNames, viewed } from '../etcd/names.ts';
import { type Found, readView } from '../etcd/reading.ts';
import type { Comparison, Transaction } from '../etcd/transactions.ts';
import type { Site, View } from '../view.ts';

export const NAMES: KeyNames = keyNames('simulated', 'simulated');
export const CLUSTER_ID = '1';
export const PATRONI_TTL_MS = 20_000;

/** One key of etcd, with its value as it was put: a text, or what would be JSON. */
class Key implements Found {
  readonly key: string;
  readonly value: unknown;
  readonly revision: number;
  readonly created: number;
  readonly lease: string | null;
  readonly isViewed: boolean;

  constructor(key: string, value: unknown, revision: number, created: number, lease?: string) {
    this.key = key;
    this.value = value;
    this.revision = revision;
    this.created = created;
    this.lease = lease ?? null;
    this.isViewed = isViewed(key);
  }

  get text(): string {
    return typeof this.value === 'string' ? this.value : JSON.stringify(this.value);
  }

  get json(): unknown {
    return typeof this.value === 'string' ? undefined : this.value;
  }
}

/** What etcd holds: keys, revisions and leases. The transactions on it are those of the adapters. */
export class Store {
  revision = 1;
  readonly #keys = new Map<string, Key>();
  readonly #leases = new Map<string, number>();
  #changed: string[] = [];
  /** By whomever, since the beginning; and which key the last time. */
  writtenBesidePulses = { count: 0, key: '' };
  #view: View | null = null;

  get(key: string): Found | undefined {
    return this.#keys.get(key);
  }

  text(key: string): string | null {
    return this.#keys.get(key)?.text ?? null;
  }

  /** One revision for all of a transaction that changes something; none for one that does not. */
  transact({ compare, change }: Transaction): boolean {
    if (!compare.every((comparison) => this.#holds(comparison))) return false;
    if (change.length > 0) this.revision++;
    for (const each of change) {
      this.#note('put' in each ? each.put : each.remove);
      if ('remove' in each) this.#keys.delete(each.remove);
      else {
        const created = this.#keys.get(each.put)?.created ?? this.revision;
        this.#keys.set(each.put, new Key(each.put, each.value, this.revision, created, each.lease));
      }
    }
    return true;
  }

  #note(key: string): void {
    this.#changed.push(key);
    if (key.startsWith(NAMES.sites)) return;
    this.writtenBesidePulses = { count: this.writtenBesidePulses.count + 1, key };
  }

  put(key: string, value: unknown, lease?: string): void {
    this.transact({ compare: [], change: [{ put: key, value, ...(lease && { lease }) }] });
  }

  remove(key: string): void {
    if (this.#keys.has(key)) this.transact({ compare: [], change: [{ remove: key }] });
  }

  /** The keys that changed since this was asked last. */
  takeChanged(): readonly string[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  /** In true time; only an etcd that has a leader lets leases run out. */
  grant(lease: string, now: number): void {
    this.#leases.set(lease, now + PATRONI_TTL_MS);
  }

  /** Prolongs a lease that is there, whatever became of the keys that had it. */
  refresh(lease: string, now: number): boolean {
    const until = this.#leases.get(lease);
    if (until === undefined) return false;
    this.#leases.set(lease, Math.max(until, now + PATRONI_TTL_MS));
    return true;
  }

  revoke(lease: string): void {
    this.#leases.delete(lease);
    for (const { key, lease: of } of [...this.#keys.values()]) if (of === lease) this.remove(key);
  }

  /** As etcd says it: whole seconds, rounded down. */
  leaseLeftMs(lease: string, now: number): number | null {
    const until = this.#leases.get(lease);
    return until === undefined ? null : Math.floor(Math.max(0, until - now) / 1_000) * 1_000;
  }

  expire(now: number): void {
    for (const [lease, until] of [...this.#leases]) if (until <= now) this.revoke(lease);
  }

  /** An election starts every lease again (etcd#9888): the reason for leases of our own. */
  restartLeases(from: number): void {
    for (const lease of this.#leases.keys()) this.#leases.set(lease, from + PATRONI_TTL_MS);
  }

  /** Every change has a revision of its own, so one reading is good until the next. */
  view(): View {
    if (this.#view?.revision !== this.revision) {
      const found = [...this.#keys.values()].filter(({ isViewed }) => isViewed);
      this.#view = readView({ clusterId: CLUSTER_ID, revision: this.revision }, found, NAMES);
    }
    return this.#view;
  }

  #holds(comparison: Comparison): boolean {
    const found = this.#keys.get(comparison.key);
    if ('revision' in comparison) return (found?.revision ?? 0) === comparison.revision;
    if ('lease' in comparison) return found?.lease === comparison.lease;
    return found?.text === comparison.text;
  }
}

const VIEWED = viewed(NAMES);
const isViewed = (key: string): boolean =>
  VIEWED.some((name) => (name.endsWith('/') ? key.startsWith(name) : key === name));

/** The site of Patroni's leader key. */
export const primaryOf = (store: Store): Site | null => store.text(NAMES.patroniLeader);

/** Patroni's configuration; empty where there is none. */
export const patroniConfigIn = (store: Store): Record<string, unknown> =>
  (store.get(NAMES.patroniConfig)?.json ?? {}) as Record<string, unknown>;
