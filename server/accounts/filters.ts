import { createHash } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { filterContent, filterRow } from '../storage/accounts/filters.ts';

/**
 * Filters that clients uploaded. They never change: the id is a hash of the content. None is kept in
 * memory here, where /sync keeps what it has made of them.
 */
export class Filters {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async define(userId: UserId, filter: JsonObject): Promise<string> {
    const content = JSON.stringify(filter);
    const filterId = createHash('sha256').update(content).digest('base64url').slice(0, 22);
    if ((await this.get(userId, filterId)) === undefined) {
      const rows = [filterRow(userId, filterId, content)];
      await commitRows(this.#stored.log, rows);
    }
    return filterId;
  }

  async get(userId: UserId, filterId: string): Promise<JsonObject | undefined> {
    const content = await filterContent(this.#stored.database, userId, filterId);
    return content === undefined ? undefined : (JSON.parse(content) as JsonObject);
  }
}
