import { type KeyNames, viewed } from '../../core/etcd/names.ts';
import type { Found } from '../../core/etcd/reading.ts';
import type { Change, Comparison } from '../../core/etcd/transactions.ts';
import { base64, fromBase64 } from './base64.ts';

/** A key as the gateway shows it. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
  readonly lease?: string;
}

export interface Header {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
}

/** The ranges that make up a view, for a transaction: what they answer is of one revision. */
export const viewRanges = (names: KeyNames) =>
  rangesOf(names).map((range) => ({ request_range: range }));

export const rangesOf = (names: KeyNames) =>
  viewed(names).map((name) => (name.endsWith('/') ? prefixRange(name) : { key: base64(name) }));

export const prefixRange = (prefix: string) => ({
  key: base64(prefix),
  // The first key that does not begin so: every prefix of ours ends in a slash, and 0 follows it.
  range_end: base64(`${prefix.slice(0, -1)}0`),
});

export function foundIn({ key, value = '', mod_revision, lease }: KeyValue): Found {
  const text = fromBase64(value);
  return {
    key: fromBase64(key),
    text,
    json: parsed(text),
    revision: Number(mod_revision ?? 0),
    lease: lease ?? null,
  };
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function comparisonOf(comparison: Comparison) {
  const key = { key: base64(comparison.key), result: 'EQUAL' };
  if ('revision' in comparison)
    return { ...key, target: 'MOD', mod_revision: String(comparison.revision) };
  if ('lease' in comparison) return { ...key, target: 'LEASE', lease: comparison.lease };
  return { ...key, target: 'VALUE', value: base64(comparison.text) };
}

export function changeOf(change: Change) {
  if ('remove' in change) return { request_delete_range: { key: base64(change.remove) } };
  const text = typeof change.value === 'string' ? change.value : JSON.stringify(change.value);
  const { lease } = change;
  return { request_put: { key: base64(change.put), value: base64(text), ...(lease && { lease }) } };
}
