import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { searchUsers } from '../storage/accounts/user-directory.ts';
import type { Database } from '../storage/database.ts';

/** Who may be found by their name: those near, and those in rooms that are open to all. */
export class UserDirectory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The body of the answer. */
  async search(reader: UserId, term: string, limit: number): Promise<JsonObject> {
    const query = { reader, term: term.trim(), limit: limit + 1 };
    const found = await searchUsers(this.#database, query);
    const results = found.slice(0, limit).map(({ userId, displayName, avatarUrl }) => ({
      user_id: userId,
      ...(displayName !== null && { display_name: displayName }),
      ...(avatarUrl !== null && { avatar_url: avatarUrl }),
    }));
    return { results, limited: found.length > limit };
  }
}
