import { z } from 'zod';
import {
  type Parsed,
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  type RoomAlias,
  type RoomId,
} from '../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';

/** The fields that endpoints' paths, queries and bodies are made of. */
const identifier = <T extends string>(parse: (text: string) => Parsed<T>) =>
  z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.reason });
    return z.NEVER;
  });

export const roomId = identifier(parseRoomId);
export const eventId = identifier(parseEventId);
export const userId = identifier(parseUserId);
export const roomAlias = identifier(parseRoomAlias);
export const serverName = identifier(parseServerName);
export const roomIdOrAlias = identifier<RoomId | RoomAlias>((text) =>
  text.startsWith('#') ? parseRoomAlias(text) : parseRoomId(text),
);

/** Any JSON object, as it is: `z.object` would strip the keys that it does not know. */
export const jsonObject = z.custom<JsonObject>(
  (value) => isObject(value as JsonValue | undefined),
  'must be an object',
);

/** In a query string: a number in digits. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);

/** In a query string: `true` or `false`. */
export const trueOrFalse = z.enum(['true', 'false']).transform((text) => text === 'true');

/** In a query string: a key that may be there once, several times or not at all. */
export const severalTimes = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? [] : typeof value === 'string' ? [value] : value));

const NAME_BYTES_MAX = 255;

/**
 * What is a key of the database, or part of one: PostgreSQL refuses those that fill a third of a page,
 * and a batch that it refuses costs everybody.
 */
export const name = z
  .string()
  .refine(
    (text) => Buffer.byteLength(text) <= NAME_BYTES_MAX,
    `has at most ${NAME_BYTES_MAX} bytes`,
  );

/** A list with an end. Checked before its entries are, of which each may be another complaint. */
export const listOf = <T>(entry: z.ZodType<T>, countMax: number) =>
  z.array(z.unknown()).max(countMax).pipe(z.array(entry));

/** A JSON object whose keys clients choose: `z.record` passes over the one that is `__proto__`. */
export const byName = <T>(value: z.ZodType<T>) =>
  jsonObject.transform((object, context) => {
    const entries: [string, T][] = [];
    let isChanged = false;
    for (const [key, inner] of Object.entries(object)) {
      const parsed = value.safeParse(inner);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        context.addIssue({ code: 'custom', message: issue!.message, path: [key, ...issue!.path] });
        return z.NEVER;
      }
      isChanged ||= !Object.is(parsed.data, inner);
      entries.push([key, parsed.data]);
    }
    // An object of names that nobody has used before is dear to make: a shape of its own for each.
    return isChanged ? Object.fromEntries(entries) : (object as Record<string, T>);
  });

/** A JSON object whose keys are user ids. */
export const byUser = <T>(value: z.ZodType<T>) => byIdentifier(parseUserId, value);

/** A JSON object whose keys are server names. */
export const byServer = <T>(value: z.ZodType<T>) => byIdentifier(parseServerName, value);

/** A JSON object whose keys are room ids. */
export const byRoom = <T>(value: z.ZodType<T>) => byIdentifier(parseRoomId, value);

const byIdentifier = <I extends string, T>(
  parse: (text: string) => Parsed<I>,
  value: z.ZodType<T>,
) =>
  byName(value).transform((named, context) => {
    const all = new Map<I, T>();
    for (const [key, inner] of Object.entries(named)) {
      const parsed = parse(key);
      if (!parsed.ok) {
        context.addIssue({ code: 'custom', message: parsed.reason });
        return z.NEVER;
      }
      all.set(parsed.value, inner);
    }
    return all;
  });
