import { type Entries, entryCount, GONE, mergeEntries, ownBytes, packEntries } from './entries.ts';
import {
  changeHash,
  EMPTY_STATE_HASH,
  hashFromBytes,
  hashToBytes,
  type StateHash,
} from './state-hash.ts';

/**
 * Where a room's newest state is stored, and where the next one goes (D12). A state is a snapshot
 * and at most one difference of each size upon it, the larger below. A change is merged into the
 * smallest; one that outgrows its size is merged into the next larger. So a change of a state of n
 * entries writes some 150 bytes in the mean and all n entries once in 512 times, and any state is
 * read with four rows at most.
 */
export interface StateChain {
  readonly nid: number;
  readonly hash: StateHash;
  /** Its entries are not kept: the room's state map has them. */
  readonly snapshot: { readonly nid: number; readonly count: number } | undefined;
  /** By size, the largest first. */
  readonly differences: readonly (Difference | undefined)[];
}

export interface Difference {
  readonly nid: number;
  readonly entries: Entries;
}

/** What goes into the table `state`. */
export interface NewState {
  readonly nid: number;
  readonly baseNid: number | undefined;
  readonly entries: Entries;
  readonly hash: Buffer;
}

export const EMPTY_STATE_NID = 0;

export const emptyChain: StateChain = {
  nid: EMPTY_STATE_NID,
  hash: EMPTY_STATE_HASH,
  snapshot: undefined,
  differences: [],
};

const ENTRIES_MAX = [512, 64, 8] as const;

/** The chain of a state that was read from the database: itself first, its snapshot last. */
export function chainOf(rows: readonly { nid: number; entries: Entries; hash: Buffer }[]) {
  const top = rows[0];
  if (!top) return emptyChain;
  const bottom = rows.at(-1)!;
  const differences: (Difference | undefined)[] = [];
  for (const { nid, entries } of rows.slice(0, -1))
    differences[sizeOf(entries)] = { nid, entries: ownBytes(entries) };
  const snapshot = { nid: bottom.nid, count: entryCount(bottom.entries) };
  return { nid: top.nid, hash: hashFromBytes(top.hash), snapshot, differences };
}

/** What stands at a key, undefined where it is not there. */
export interface KeyChange {
  readonly keyNid: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** `stateAfter` is asked for only when a full snapshot is due. */
export function nextState(
  chain: StateChain,
  nid: number,
  changes: readonly KeyChange[],
  stateAfter: () => Iterable<readonly [keyNid: number, eventNid: number]>,
): { chain: StateChain; row: NewState } {
  const hash = changes.reduce(changeHash, chain.hash);
  const changed = packEntries(changes.map(({ keyNid, to = GONE }) => [keyNid, to] as const));
  const difference = mergeDown(chain, changed);
  const entries = difference?.entries ?? packEntries(stateAfter());
  const below = chain.differences.slice(0, difference?.size ?? 0);
  const row = {
    nid,
    baseNid: difference && (below.findLast((each) => each)?.nid ?? chain.snapshot?.nid),
    entries,
    hash: hashToBytes(hash),
  };
  if (!difference) return { row, chain: chainOnWhole(row, hash) };
  const differences = [...below];
  differences[difference.size] = { nid, entries };
  return { row, chain: { ...chain, nid, hash, differences } };
}

/** One that is built on no other, by its hash. */
export function wholeState(
  nid: number,
  hash: StateHash,
  state: Iterable<readonly [keyNid: number, eventNid: number]>,
): { chain: StateChain; row: NewState } {
  const row = { nid, baseNid: undefined, entries: packEntries(state), hash: hashToBytes(hash) };
  return { row, chain: chainOnWhole(row, hash) };
}

const chainOnWhole = ({ nid, entries }: NewState, hash: StateHash): StateChain => ({
  ...{ nid, hash, differences: [] },
  snapshot: { nid, count: entryCount(entries) },
});

/** The difference that the change becomes part of; undefined where a snapshot is not much larger. */
function mergeDown(chain: StateChain, change: Entries) {
  let entries = change;
  for (let size = ENTRIES_MAX.length - 1; size >= 0; size--) {
    const present = chain.differences[size];
    if (present) entries = mergeEntries(present.entries, entries);
    if (entryCount(entries) * 2 > (chain.snapshot?.count ?? 0)) return undefined;
    if (entryCount(entries) <= ENTRIES_MAX[size]!) return { size, entries };
  }
  return undefined;
}

/** A difference has outgrown all smaller sizes, so how many entries it has says which it is. */
const sizeOf = (entries: Entries): number =>
  ENTRIES_MAX.findLastIndex((entriesMax) => entryCount(entries) <= entriesMax);
