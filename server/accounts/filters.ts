import { createHash } from 'node:crypto';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { filterContent, filterRow } from '../storage/accounts/filters.ts';

const KEPT_MAX = 10_000;

/** Filters that clients uploaded. They never change: the id is a hash of the content. */
export class Filters {
  readonly #stored: Stored;
  readonly #kept = new Map<string, JsonObject>();

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async define(userId: UserId, filter: JsonObject): Promise<string> {
    const content = JSON.stringify(filter);
    const filterId = createHash('sha256').update(content).digest('base64url').slice(0, 22);
    if ((await this.get(userId, filterId)) === undefined) {
      const rows = [filterRow(userId, filterId, content)];
      await this.#stored.log.commit(() => ({
        change: { rows, records: [], touches: [] },
        value: undefined,
      }));
    }
    return filterId;
  }

  async get(userId: UserId, filterId: string): Promise<JsonObject | undefined> {
    const key = `${userId}\0${filterId}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const content = await filterContent(this.#stored.database, userId, filterId);
    if (content === undefined) return undefined;
    const filter = JSON.parse(content) as JsonObject;
    this.#kept.set(key, filter);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    return filter;
  }
}
