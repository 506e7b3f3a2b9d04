import { z } from 'zod';
import { byName } from '../../http/fields.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';

/** One schema for both: a union would try the one and complain before it tries the other, 50 times. */
const key = z.custom<string | JsonObject>(
  (value) => typeof value === 'string' || isObject(value as JsonValue),
  'must be a string or an object',
);
/** One-time or fallback keys, by algorithm and id. */
export const keysById = byName(key).default({});

/** Of each of a hundred users: a schema of lists would cost more than all the rest. */
export const listedDevices = z.custom<string[]>(
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  'must be a list of device ids',
);
