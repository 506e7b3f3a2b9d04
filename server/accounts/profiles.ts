import type { PlacedRecord } from '../log/change.ts';
import { Followed } from '../log/followed.ts';
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

type Along = () => Promise<void>;
type Edit = (before: JsonObject) => { after: JsonObject; row: Row };

const PROFILE_BYTES_MAX = 65_536;
const KEPT_BYTES_MAX = 8 * 1_048_576;
const ENTRY_BYTES = 500;

/**
 * What people tell of themselves. Others' servers are asked by federation, not here. Kept in memory,
 * since whoever changes it or comes into a room has it read again for each room.
 */
export class Profiles {
  readonly #stored: Stored;
  /** What a profile is once the change that is under way is committed: of each user one, by their lock. */
  readonly #coming = new Map<UserId, { position: number; profile: JsonObject }>();
  readonly #kept = new Followed<UserId, JsonObject>({ bytesMax: KEPT_BYTES_MAX, bytesOf });

  constructor(stored: Stored) {
    this.#stored = stored;
    stored.log.onCommitted((records) => {
      for (const { record, position } of records)
        if (record.kind === 'profile')
          this.#kept.changed(record.userId, this.#comingAt(record.userId, position));
    });
  }

  /** Undefined if there is no such account here; an empty profile is `{}`. */
  async of(userId: UserId): Promise<JsonObject | undefined> {
    const profiles = await this.#kept.of([userId], () => this.#read(userId));
    return profiles.get(userId);
  }

  /** For what is committed after it: as it will be when the change that is under way is committed. */
  async soonOf(userId: UserId): Promise<JsonObject | undefined> {
    return this.#coming.get(userId)?.profile ?? this.of(userId);
  }

  /** `along` is done as soon as the change is on its way, so that both may be in one commit. */
  async set(userId: UserId, field: string, value: JsonValue, along?: Along): Promise<void> {
    await this.#change(userId, along, (before) => {
      const after = { ...before, [field]: value };
      if (Buffer.byteLength(JSON.stringify(after)) > PROFILE_BYTES_MAX)
        throw new MatrixError(400, 'M_PROFILE_TOO_LARGE', 'A profile may have 64 KiB in all');
      return { after, row: profileFieldRow(userId, field, JSON.stringify(value)) };
    });
  }

  async remove(userId: UserId, field: string, along?: Along): Promise<void> {
    await this.#change(userId, along, ({ [field]: _gone, ...after }) => ({
      after,
      row: profileFieldGoneRow(userId, field),
    }));
  }

  async #change(userId: UserId, along: Along | undefined, edit: Edit): Promise<void> {
    let going: Promise<void> | undefined;
    await this.#stored.locks.run(lockOf(userId), async () => {
      const { after, row } = edit((await this.of(userId)) ?? {});
      const committed = this.#stored.log.commit((next) => {
        const position = next();
        this.#coming.set(userId, { position, profile: after });
        const records = [profileChanged(userId, position)];
        return { change: { rows: [row], records, touches: [] }, value: undefined };
      });
      try {
        if (this.#coming.has(userId)) going = along?.();
        going?.catch(() => {});
        await committed;
      } finally {
        this.#coming.delete(userId);
      }
    });
    await (going ?? along?.());
  }

  #comingAt(userId: UserId, position: number): JsonObject | undefined {
    const coming = this.#coming.get(userId);
    return coming?.position === position ? coming.profile : undefined;
  }

  /** Empty if there is no such account: nothing says when there is one. */
  async #read(userId: UserId): Promise<ReadonlyMap<UserId, JsonObject>> {
    const { database } = this.#stored;
    const fields = await profileFieldsOf(database, userId);
    if (fields.length === 0 && !(await accountOf(database, userId))) return new Map();
    const profile = fields.map(({ field, value }) => [field, JSON.parse(value) as JsonValue]);
    return new Map([[userId, Object.fromEntries(profile) as JsonObject]]);
  }
}

/** Goes with every change of a profile: memory follows the log. */
export const profileChanged = (userId: UserId, position: number): PlacedRecord => ({
  position,
  record: { kind: 'profile', userId },
});

const bytesOf = (profile: JsonObject): number => ENTRY_BYTES + 2 * JSON.stringify(profile).length;
