import { withBreaths } from '../../log/breaths.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { jsonInParts, type Parts, putTogether } from '../../protocol/json-parts.ts';
import { JSON_VALUES_MAX, notJsonOf, parseJsonSent, refuseNoUtf8 } from './json.ts';

const BOUNDS = {
  ...{ entriesMax: JSON_VALUES_MAX, valuesOfOneMax: JSON_VALUES_MAX },
  // How many entries there may be says the endpoint.
  valuesMax: Number.POSITIVE_INFINITY,
};

/**
 * A body that carries, in lists of these names, what several people said who know nothing of each other: each entry has
 * bounds of its own, so that no one of them can make all of it be refused.
 */
export async function parseInParts(bytes: Buffer, names: ReadonlySet<string>): Promise<JsonValue> {
  refuseNoUtf8(bytes);
  const { frame, lists } = await parts(bytes, names);
  return putTogether(parseJsonSent(frame), lists);
}

async function parts(bytes: Buffer, names: ReadonlySet<string>): Promise<Parts> {
  try {
    return await withBreaths(jsonInParts(bytes, names, BOUNDS));
  } catch (error) {
    throw error instanceof SyntaxError ? notJsonOf(error) : error;
  }
}
