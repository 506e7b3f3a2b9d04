import { Lru } from '../../log/lru.ts';
import { stateKeyOf } from '../../protocol/event.ts';
import { FIELD_BYTES_MAX } from '../../protocol/limits.ts';
import type { RoomStore, StateKey } from '../store.ts';

interface Interned extends StateKey {
  /** False until the change that brings its row is committed. */
  isCommitted: boolean;
  /** Rooms in memory whose state has it, and changes on their way that bring its row. */
  holders: number;
}

type Name = { readonly type: string; readonly stateKey: string };

/** Those that nobody holds and those that are not there, some 300 bytes each. */
const IDLE_MAX = 20_000;
const ABSENT_MAX = 20_000;

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
  /** Those without a holder, the one longest without first. */
  readonly #idle = new Set<Interned>();
  readonly #absent = new Lru<string, true>(ABSENT_MAX);
  #trimming = false;

  constructor(store: Pick<RoomStore, 'stateKeysByName' | 'stateKeysByNid'>) {
    this.#store = store;
  }

  /** How many names are remembered, also of what is not there. */
  get size(): number {
    return this.#byNid.size + this.#absent.weight;
  }

  find(type: string, stateKey: string): StateKey | undefined {
    return this.#byName.get(stateKeyOf(type, stateKey));
  }

  /** Of a key that some room in memory has, or that was learnt in this turn of the event loop. */
  byNid(keyNid: number): StateKey {
    const key = this.#byNid.get(keyNid);
    if (!key) throw new Error(`state key ${keyNid} is not in memory`);
    return key;
  }

  remember({ keyNid, type, stateKey }: StateKey): void {
    if (!this.#byNid.has(keyNid))
      this.#add({ keyNid, type, stateKey, isCommitted: true, holders: 0 });
  }

  isLearnt({ type, stateKey }: Name): boolean {
    const text = stateKeyOf(type, stateKey);
    return this.#byName.has(text) || this.#absent.has(text);
  }

  /** Brings into memory what the database knows of these keys. */
  async learn(names: readonly Name[]): Promise<void> {
    const unknown = names.filter((name) => isName(name) && !this.isLearnt(name));
    if (unknown.length === 0) return;
    for (const key of await this.#store.stateKeysByName(unknown)) this.remember(key);
    for (const name of unknown)
      if (!this.isLearnt(name)) this.#absent.set(stateKeyOf(name.type, name.stateKey), true);
  }

  /** All of them are known when it ends, also those that were trimmed while the others were read. */
  async learnNids(keyNids: readonly number[]): Promise<void> {
    const unknown = keyNids.filter((keyNid) => !this.#byNid.has(keyNid));
    if (unknown.length === 0) return;
    const found = await this.#store.stateKeysByNid(unknown);
    for (const key of found) this.remember(key);
    if (found.length === unknown.length) await this.learnNids(keyNids);
  }

  /**
   * The key, and whether its row must go into the change. One whose row goes along is held by the
   * change until it is committed or refused: `letGo`.
   */
  intern(name: Name, position: () => number): { key: StateKey; isCommitted: boolean } {
    const text = stateKeyOf(name.type, name.stateKey);
    const key = this.#byName.get(text) ?? this.#make(name, text, position);
    if (!key.isCommitted) this.hold(key.keyNid);
    return { key, isCommitted: key.isCommitted };
  }

  committed(keyNid: number): void {
    const key = this.#byNid.get(keyNid);
    if (key) key.isCommitted = true;
  }

  hold(keyNid: number): void {
    const key = this.#byNid.get(keyNid);
    if (!key) throw new Error(`state key ${keyNid} is not in memory`);
    key.holders += 1;
    this.#idle.delete(key);
  }

  /** What was never committed is known to nobody then, and may come with another number. */
  letGo(keyNid: number): void {
    const key = this.#byNid.get(keyNid);
    if (!key || key.holders === 0) throw new Error(`state key ${keyNid} is held by nobody`);
    key.holders -= 1;
    if (key.holders > 0) return;
    if (key.isCommitted) this.#rest(key);
    else this.#remove(key);
  }

  #make(name: Name, text: string, position: () => number): Interned {
    if (!this.#absent.has(text)) throw new Error(`state key ${name.type} was not looked for`);
    this.#absent.delete(text);
    const { type, stateKey } = name;
    const key = { keyNid: position(), type, stateKey, isCommitted: false, holders: 0 };
    this.#add(key);
    return key;
  }

  #add(key: Interned): void {
    this.#byName.set(stateKeyOf(key.type, key.stateKey), key);
    this.#byNid.set(key.keyNid, key);
    this.#rest(key);
  }

  #remove(key: Interned): void {
    this.#byName.delete(stateKeyOf(key.type, key.stateKey));
    this.#byNid.delete(key.keyNid);
    this.#idle.delete(key);
  }

  /** In a turn of its own: what was just learnt is used in the turn in which it arrived. */
  #rest(key: Interned): void {
    this.#idle.add(key);
    if (this.#idle.size <= IDLE_MAX || this.#trimming) return;
    this.#trimming = true;
    setImmediate(() => {
      this.#trimming = false;
      for (const oldest of this.#idle) {
        if (this.#idle.size <= IDLE_MAX) return;
        this.#remove(oldest);
      }
    });
  }
}

/** In characters of up to four bytes, as old rooms counted. Nothing else is in the database. */
const isName = ({ type, stateKey }: Name): boolean =>
  [type, stateKey].every((text) => text.length <= FIELD_BYTES_MAX && !text.includes('\0'));
