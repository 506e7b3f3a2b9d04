import { isObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * The parts of a dot-separated property path (appendices): `\.` and `\\` stand for a dot and a
 * backslash within a name; any other escape is left as it is.
 */
export function pathOf(path: string): string[] {
  const names = [''];
  for (let at = 0; at < path.length; at++) {
    const [character, next] = [path[at]!, path[at + 1]];
    const escaped = character === '\\' && (next === '.' || next === '\\');
    if (escaped) at++;
    if (character === '.') names.push('');
    else names[names.length - 1] += escaped ? next : character;
  }
  return names;
}

/** The value at a path; undefined where a step is missing or leads through something else than an object. */
export function valueAt(object: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
