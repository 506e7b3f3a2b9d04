import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { accountOf } from '../storage/accounts/accounts.ts';
import {
  profileFieldGoneRow,
  profileFieldRow,
  profileFieldsOf,
} from '../storage/accounts/profile-fields.ts';
import type { Row } from '../storage/write.ts';

const PROFILE_BYTES_MAX = 65_536;

/** What people tell of themselves. Others' servers are asked by federation, not here. */
export class Profiles {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /** Undefined if there is no such account here; an empty profile is `{}`. */
  async of(userId: UserId): Promise<JsonObject | undefined> {
    const { database } = this.#stored;
    const fields = await profileFieldsOf(database, userId);
    if (fields.length === 0 && !(await accountOf(database, userId))) return undefined;
    return Object.fromEntries(
      fields.map(({ field, value }) => [field, JSON.parse(value) as JsonValue]),
    );
  }

  async set(userId: UserId, field: string, value: JsonValue): Promise<void> {
    await this.#change(userId, (before) => {
      const profile = JSON.stringify({ ...before, [field]: value });
      if (Buffer.byteLength(profile) > PROFILE_BYTES_MAX)
        throw new MatrixError(400, 'M_PROFILE_TOO_LARGE', 'A profile may have 64 KiB in all');
      return profileFieldRow(userId, field, JSON.stringify(value));
    });
  }

  async remove(userId: UserId, field: string): Promise<void> {
    await this.#change(userId, () => profileFieldGoneRow(userId, field));
  }

  async #change(userId: UserId, rowFor: (before: JsonObject) => Row): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const row = rowFor((await this.of(userId)) ?? {});
      await this.#stored.log.commit(() => ({
        change: { rows: [row], records: [], touches: [] },
        value: undefined,
      }));
    });
  }
}
