import { stateKeyOf } from '../../protocol/event.ts';
import type { RoomStore, StateKey } from '../ports.ts';

/** Still unknown to the database until the change that brings its row is committed. */
interface Interned extends StateKey {
  isCommitted: boolean;
}

type Name = { readonly type: string; readonly stateKey: string };

/**
 * The interned keys of all rooms' state: a room then holds two numbers an entry, and a user's
 * membership key is the same in all rooms.
 *
 * A key gets its number while a change is built, so it must have been looked for in the database
 * before (`learn`); and each change that uses a key which is not committed yet carries its row, so
 * that a refused change takes nobody else's key with it.
 */
export class StateKeys {
  readonly #store: Pick<RoomStore, 'stateKeysByName' | 'stateKeysByNid'>;
  readonly #byName = new Map<string, Interned>();
  readonly #byNid = new Map<number, Interned>();
  readonly #absent = new Set<string>();

  constructor(store: Pick<RoomStore, 'stateKeysByName' | 'stateKeysByNid'>) {
    this.#store = store;
  }

  find(type: string, stateKey: string): StateKey | undefined {
    return this.#byName.get(stateKeyOf(type, stateKey));
  }

  /** Of a key that some room in memory has, or that was learnt. */
  byNid(keyNid: number): StateKey {
    const key = this.#byNid.get(keyNid);
    if (!key) throw new Error(`state key ${keyNid} is not in memory`);
    return key;
  }

  remember(key: StateKey): void {
    if (!this.#byNid.has(key.keyNid)) this.#add({ ...key, isCommitted: true });
  }

  isLearnt(name: Name): boolean {
    const text = stateKeyOf(name.type, name.stateKey);
    return this.#byName.has(text) || this.#absent.has(text);
  }

  /** Brings into memory what the database knows of these keys. */
  async learn(names: readonly Name[]): Promise<void> {
    const unknown = names.filter((name) => !this.isLearnt(name));
    if (unknown.length === 0) return;
    for (const key of await this.#store.stateKeysByName(unknown)) this.remember(key);
    for (const name of unknown)
      if (!this.isLearnt(name)) this.#absent.add(stateKeyOf(name.type, name.stateKey));
  }

  async learnNids(keyNids: readonly number[]): Promise<void> {
    const unknown = keyNids.filter((keyNid) => !this.#byNid.has(keyNid));
    if (unknown.length === 0) return;
    for (const key of await this.#store.stateKeysByNid(unknown)) this.remember(key);
  }

  /** The key, and whether its row must go into the change. */
  intern(name: Name, position: () => number): { key: StateKey; isCommitted: boolean } {
    const text = stateKeyOf(name.type, name.stateKey);
    const found = this.#byName.get(text);
    if (found) return { key: found, isCommitted: found.isCommitted };
    if (!this.#absent.delete(text)) throw new Error(`state key ${name.type} was not looked for`);
    const key = {
      keyNid: position(),
      type: name.type,
      stateKey: name.stateKey,
      isCommitted: false,
    };
    this.#add(key);
    return { key, isCommitted: false };
  }

  committed(keyNid: number): void {
    const key = this.#byNid.get(keyNid);
    if (key) key.isCommitted = true;
  }

  #add(key: Interned): void {
    this.#byName.set(stateKeyOf(key.type, key.stateKey), key);
    this.#byNid.set(key.keyNid, key);
  }
}
