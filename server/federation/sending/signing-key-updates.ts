import { Lru } from '../../log/lru.ts';
import { CanonicalJsonError, canonicalJson } from '../../protocol/canonical-json.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Database } from '../../storage/database.ts';
import { crossSigningKeysOf } from '../../storage/encryption/cross-signing.ts';

const REMEMBERED_MAX = 10_000;

/**
 * `m.signing_key_update` (server-server API, "Device Management"): the keys by which our users sign their devices and are
 * verified, told where they are others than were told last. Whoever missed it gets them with the devices.
 */
export class SigningKeyUpdates {
  readonly #database: Database;
  readonly #told = new Lru<UserId, string>(REMEMBERED_MAX);

  constructor(database: Database) {
    this.#database = database;
  }

  /** The EDU; undefined where there is nothing to be told. */
  async of(userId: UserId): Promise<string | undefined> {
    const keys = await crossSigningKeysOf(this.#database, [userId]);
    const named = keys.flatMap(({ usage, json }) => {
      const name = NAMES[usage];
      return name === undefined ? [] : [[name, JSON.parse(json) as JsonObject] as const];
    });
    if (named.length === 0) return undefined;
    const text = textOf({ user_id: userId, ...Object.fromEntries(named) });
    return text === this.#told.get(userId) ? undefined : text;
  }

  /** It lies in the database for all whom it concerns. */
  posted(userId: UserId, text: string): void {
    this.#told.set(userId, text);
  }
}

/** By which users verify others is nobody else's business. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ master: 'master_key', self_signing: 'self_signing_key' },
};

/** What a user has put beside their keys may be what no transaction can hold. */
function textOf(content: JsonObject): string | undefined {
  try {
    return canonicalJson({ edu_type: 'm.signing_key_update', content });
  } catch (error) {
    if (error instanceof CanonicalJsonError) return undefined;
    throw error;
  }
}
