import type { Stored } from '../log/stored.ts';
import { type Store, type StoreUse, useOfStores } from '../storage/media/objects.ts';

/** What lies where, and where all is to be. */
export class StoreUses {
  readonly #stored: Pick<Stored, 'database'>;
  readonly #wanted: Store;

  constructor(stored: Pick<Stored, 'database'>, wanted: Store) {
    this.#stored = stored;
    this.#wanted = wanted;
  }

  async told(): Promise<{ readonly wanted: Store } & Readonly<Record<Store, StoreUse>>> {
    return { wanted: this.#wanted, ...(await useOfStores(this.#stored.database)) };
  }
}
