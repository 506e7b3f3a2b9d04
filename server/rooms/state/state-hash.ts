import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * The content address of a state: the sum of the hashes of its pairs, so that a change costs two
 * hashes and not the room. The numbers in it are handed out by us, so nobody can search for pairs
 * whose sums meet. 128 bits.
 */
export type StateHash = bigint;

export const EMPTY_STATE_HASH: StateHash = 0n;

const BYTES = 16;

export function changeHash(
  hash: StateHash,
  change: { keyNid: number; from: number | undefined; to: number | undefined },
): StateHash {
  const without = change.from === undefined ? 0n : hashOfPair(change.keyNid, change.from);
  const added = change.to === undefined ? 0n : hashOfPair(change.keyNid, change.to);
  return BigInt.asUintN(8 * BYTES, hash - without + added);
}

const HASHED_AT_ONCE = 1_000;

/** Of all of a state, however large: others have their turn in between. */
export async function hashOfState(state: ReadonlyMap<number, number>): Promise<StateHash> {
  let hash = EMPTY_STATE_HASH;
  let count = 0;
  for (const [keyNid, to] of state) {
    if (++count % HASHED_AT_ONCE === 0) await turn();
    hash = changeHash(hash, { keyNid, from: undefined, to });
  }
  return hash;
}

export const hashToBytes = (hash: StateHash): Buffer =>
  Buffer.from(hash.toString(16).padStart(2 * BYTES, '0'), 'hex');

export const hashFromBytes = (bytes: Buffer): StateHash => BigInt(`0x${bytes.toString('hex')}`);

function hashOfPair(keyNid: number, eventNid: number): bigint {
  const digest = createHash('sha256').update(`${keyNid} ${eventNid}`).digest();
  return hashFromBytes(digest.subarray(0, BYTES));
}
