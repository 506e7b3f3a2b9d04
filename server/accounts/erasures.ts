import { Followed } from '../log/followed.ts';
import type { StoredReader } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { erasuresOf, firstErasure } from '../storage/accounts/erasures.ts';

const USERS_MAX = 20_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Who asked to be erased, and when. Of nearly everybody it is asked, and the answer is never. */
export class Erasures {
  readonly #stored: StoredReader;
  readonly #first = new Followed<'first', number>({ bytesMax: 1, bytesOf: () => 1 });
  readonly #known = new Followed<UserId, number>({ bytesMax: USERS_MAX, bytesOf: () => 1 });

  constructor(stored: StoredReader) {
    this.#stored = stored;
    stored.log.onCommitted((records) => {
      // An erasure takes the profile.
      for (const { record } of records)
        if (record.kind === 'profile') {
          this.#known.changed(record.userId);
          this.#first.changed('first');
        }
    });
  }

  /** The position of the first of all; Infinity where nobody was erased. */
  async first(): Promise<number> {
    const known = await this.#first.of(
      ['first'],
      async () =>
        new Map([['first', (await firstErasure(this.#stored.database)) ?? NEVER] as const]),
    );
    return known.get('first')!;
  }

  /** Those of the users who were erased, with the position in the log at which they were. */
  async of(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, number>> {
    const known = await this.#known.of(userIds, async (missing) => {
      const erased = await erasuresOf(this.#stored.database, missing);
      const positions = new Map(erased.map(({ userId, position }) => [userId, position]));
      return new Map(missing.map((userId) => [userId, positions.get(userId) ?? NEVER]));
    });
    return new Map([...known].filter(([, position]) => position !== NEVER));
  }
}
