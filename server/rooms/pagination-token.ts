import { decodeSyncToken } from '../log/token.ts';
import type { Place } from './store.ts';

/**
 * Where pagination goes on: a place in the room's own order, or a position of the log as /sync names
 * them in `prev_batch` and `next_batch` (D2). Opaque to clients; both are taken everywhere.
 */
export type PaginationToken =
  | { readonly kind: 'topological'; readonly place: Place }
  | { readonly kind: 'live'; readonly position: number };

export const encodePlace = ({ depth, nid }: Place): string =>
  `t${depth.toString(36)}.${nid.toString(36)}`;

/** Undefined for what no server of ours ever gave out. */
export function decodePaginationToken(text: string): PaginationToken | undefined {
  const sync = decodeSyncToken(text);
  if (sync) return { kind: 'live', position: sync.position };
  const [, depth, nid] = /^t([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(text) ?? [];
  if (depth === undefined || nid === undefined) return undefined;
  const place = { depth: Number.parseInt(depth, 36), nid: Number.parseInt(nid, 36) };
  const isSafe = Number.isSafeInteger(place.depth) && Number.isSafeInteger(place.nid);
  return isSafe ? { kind: 'topological', place } : undefined;
}
