import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { entryCount, ownBytes, packEntries } from './entries.ts';
import { chainOf, emptyChain, type NewState, nextState, type StateChain } from './state-chain.ts';
import { changeHash, EMPTY_STATE_HASH, hashToBytes } from './state-hash.ts';
import { StateLayers } from './state-layers.ts';

test('every state of a history is read back, from four rows at most', () => {
  const keys = fc.array(fc.nat(400), { maxLength: 1_500 });
  fc.assert(
    fc.property(keys, (history) => {
      const table = new Map<number, NewState>();
      const states = write(history, table);
      for (const [nid, state] of states) {
        const rows = rowsOf(table, nid);
        expect(rows.length).toBeLessThanOrEqual(4);
        expect(new StateLayers(rows.map((row) => row.entries)).toMap()).toEqual(state);
      }
    }),
    { numRuns: 5 },
  );
});

test('one key is found without unpacking the state', () => {
  const table = new Map<number, NewState>();
  const states = [...write(range(700), table)];
  const [nid, state] = states[690]!;
  const layers = new StateLayers(rowsOf(table, nid).map((row) => row.entries));
  for (const [key, event] of state) expect(layers.get(key)).toBe(event);
  expect(layers.get(999)).toBeUndefined();
});

test('a chain that was read from the database goes on as the one in memory would', () => {
  const table = new Map<number, NewState>();
  let chain = emptyChain;
  const state = new Map<number, number>();
  for (const key of range(1_200).map((n) => (n * 7) % 300)) {
    const nid = 10_000 + table.size;
    if (chain.nid !== 0) expect(chainOf(rowsOf(table, chain.nid))).toEqual(chain);
    chain = step(chain, { nid, key, state, table });
  }
});

test('a change of a large state writes few bytes', () => {
  const table = new Map<number, NewState>();
  const history = [...range(10_000), ...range(10_000).map((n) => (n * 7919) % 10_000)];
  write(history, table, { keepStates: false });
  const rows = [...table.values()].slice(10_000);
  const snapshots = rows.filter((row) => row.baseNid === undefined);
  const bytes = rows.reduce((sum, row) => sum + (row.baseNid ? row.entries.length : 0), 0);
  expect(snapshots.length).toBeLessThanOrEqual(10_000 / 512 + 1);
  expect(bytes / rows.length).toBeLessThan(200);
  expect(entryCount(snapshots[0]!.entries)).toBe(10_000);
});

test('the hash depends on the state alone, not on the way to it', () => {
  const add = (hash: bigint, keyNid: number, to: number, from?: number) =>
    changeHash(hash, { keyNid, from, to });
  const one = add(add(EMPTY_STATE_HASH, 1, 10), 2, 20);
  const other = add(add(add(EMPTY_STATE_HASH, 2, 20), 1, 11), 1, 10, 11);
  expect(hashToBytes(one)).toEqual(hashToBytes(other));
  expect(one).not.toBe(add(one, 1, 12, 10));
});

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function write(
  history: readonly number[],
  table: Map<number, NewState>,
  { keepStates = true } = {},
): Map<number, Map<number, number>> {
  const states = new Map<number, Map<number, number>>();
  const state = new Map<number, number>();
  let chain = emptyChain;
  for (const key of history) {
    const nid = 10_000 + table.size;
    chain = step(chain, { nid, key, state, table });
    if (keepStates) states.set(nid, new Map(state));
  }
  return states;
}

function step(
  chain: StateChain,
  change: { nid: number; key: number; state: Map<number, number>; table: Map<number, NewState> },
): StateChain {
  const { nid, key, state, table } = change;
  const from = state.get(key);
  state.set(key, nid);
  const next = nextState(chain, nid, [{ keyNid: key, from, to: nid }], () => state);
  table.set(nid, next.row);
  return next.chain;
}

function rowsOf(table: Map<number, NewState>, nid: number): NewState[] {
  const row = table.get(nid)!;
  return row.baseNid === undefined ? [row] : [row, ...rowsOf(table, row.baseNid)];
}

test('what is kept of a state lies in bytes of its own, and not in a part of many others’', () => {
  const read = Buffer.from('0'.repeat(48), 'hex');
  expect(read.buffer.byteLength).toBeGreaterThan(read.length);
  const row = (nid: number) => ({ nid, entries: read, hash: Buffer.alloc(32) });
  const { differences } = chainOf([row(3), row(2)]);
  const kept = [ownBytes(read), packEntries([[1, 2]]), ...differences.map((each) => each?.entries)];
  for (const entries of kept.filter((each) => each !== undefined))
    expect(entries.buffer.byteLength).toBe(entries.length);
});
