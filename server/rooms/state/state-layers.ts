import { type Entries, findEntry, GONE, ownBytes, unpackEntries } from './entries.ts';

/**
 * One state of a room: a full snapshot at the bottom and at most three differences upon it. Read
 * straight from the bytes of the table `state`.
 */
export class StateLayers {
  /** Top first, the snapshot last. Empty for the state before the create event. */
  readonly #layers: readonly Entries[];

  constructor(layers: readonly Entries[]) {
    this.#layers = layers.map(ownBytes);
  }

  get(keyNid: number): number | undefined {
    for (const layer of this.#layers) {
      const found = findEntry(layer, keyNid);
      if (found !== undefined) return found === GONE ? undefined : found;
    }
    return undefined;
  }

  toMap(): Map<number, number> {
    const state = new Map<number, number>();
    for (const layer of this.#layers.toReversed())
      for (const [keyNid, eventNid] of unpackEntries(layer))
        if (eventNid === GONE) state.delete(keyNid);
        else state.set(keyNid, eventNid);
    return state;
  }

  /** With what Node keeps for each piece of bytes. */
  get bytes(): number {
    return this.#layers.reduce((sum, layer) => sum + LAYER_BYTES + layer.length, 0);
  }
}

const LAYER_BYTES = 300;
