import type { RoomStore } from '../store.ts';
import { chainOf, type KeyChange, type StateChain } from './state-chain.ts';
import { changeHash, hashToBytes } from './state-hash.ts';

/** Where the state that these changes lead to is stored already, as it is once for each room. */
export async function storedAlike(
  store: Pick<RoomStore, 'stateNidByHash' | 'stateWithBases'>,
  roomNid: number,
  chain: Pick<StateChain, 'hash'>,
  changes: readonly KeyChange[],
): Promise<StateChain | undefined> {
  const hash = hashToBytes(changes.reduce(changeHash, chain.hash));
  const nid = await store.stateNidByHash({ roomNid, hash });
  return nid === undefined ? undefined : chainOf(await store.stateWithBases(nid));
}
