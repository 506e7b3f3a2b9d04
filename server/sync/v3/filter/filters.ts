import type { UserId } from '../../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../../protocol/json.ts';
import { invalidParam, notFound } from '../../../protocol/matrix-error.ts';
import { type Filter, parseFilter } from './filter.ts';
import { InvalidFilter } from './invalid-filter.ts';

const KEPT_MAX = 2_000;

export const noFilter = parseFilter({});

/** Filters as /sync names them: the JSON itself, or the id of a stored one. Parsed once. */
export class Filters {
  readonly #stored: (userId: UserId, filterId: string) => Promise<JsonObject | undefined>;
  /** The one that was asked for last stands last. */
  readonly #parsed = new Map<string, Filter>();

  constructor(stored: (userId: UserId, filterId: string) => Promise<JsonObject | undefined>) {
    this.#stored = stored;
  }

  async of(userId: UserId, filter: string | undefined): Promise<Filter> {
    if (filter === undefined || filter === '') return noFilter;
    const isJson = filter.startsWith('{');
    const key = isJson ? filter : `${userId} ${filter}`;
    const parsed =
      this.#parsed.get(key) ?? parse(isJson ? jsonOf(filter) : await this.#load(userId, filter));
    this.#parsed.delete(key);
    this.#parsed.set(key, parsed);
    const [oldest] = this.#parsed.keys();
    if (this.#parsed.size > KEPT_MAX) this.#parsed.delete(oldest!);
    return parsed;
  }

  async #load(userId: UserId, filterId: string): Promise<JsonObject> {
    const filter = await this.#stored(userId, filterId);
    if (filter === undefined) throw notFound(`You have no filter ${filterId}`);
    return filter;
  }
}

function parse(json: JsonObject): Filter {
  try {
    return parseFilter(json);
  } catch (error) {
    if (error instanceof InvalidFilter)
      throw invalidParam(`The filter is invalid: ${error.message}`);
    throw error;
  }
}

function jsonOf(text: string): JsonObject {
  let json: JsonValue;
  try {
    json = JSON.parse(text) as JsonValue;
  } catch {
    throw invalidParam('The filter is not JSON');
  }
  if (!isObject(json)) throw invalidParam('The filter is not a JSON object');
  return json;
}
