import type { JsonObject, JsonValue } from './json.ts';

/** All the way down, in place. What is frozen already was frozen by us, all the way down. */
export const freeze = (object: JsonObject): JsonObject => {
  if (!Object.isFrozen(object)) {
    for (const key of Object.keys(object)) freezeValue(object[key]!);
    Object.freeze(object);
  }
  return object;
};

const freezeValue = (value: JsonValue): void => {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) freeze(value as JsonObject);
  else if (!Object.isFrozen(value)) {
    for (const item of value) freezeValue(item);
    Object.freeze(value);
  }
};
