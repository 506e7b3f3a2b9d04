import type { z } from 'zod';
import { KEYS, nearest, SECTIONS } from './keys.ts';

export interface Given {
  readonly tree: object;
  /** Where a key was given, as the subject of a sentence; those of the file are not in it. */
  readonly origins: ReadonlyMap<string, string>;
}

/** One sentence for each key that is wrong, with its first fault: the others follow from it. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], given: Given): string {
  const first = new Map(issues.toReversed().map((issue) => [issue.path.join('.'), issue]));
  return [...first]
    .reverse()
    .flatMap(([path, issue]) => explain(path, issue, given))
    .join('\n');
}

function explain(path: string, issue: z.core.$ZodIssue, { tree, origins }: Given): string[] {
  if (issue.code === 'unrecognized_keys') {
    const all = [...SECTIONS, ...KEYS].map((each) => each.path);
    return issue.keys
      .map((name) => (path === '' ? name : `${path}.${name}`))
      .map((key) => `There is no key "${key}"; the nearest is "${nearest(key, all)}".`);
  }
  const subject = origins.get(path) ?? `The key "${path}"`;
  const value = valueAt(tree, path);
  if (value === undefined) {
    const description = KEYS.find((key) => key.path === path)?.description;
    return [`${subject} is missing: ${description}`];
  }
  return [`${subject} (${JSON.stringify(value)}) ${predicate(issue)}.`];
}

/** Our own sentences begin with their verb; those of zod say what was expected. */
function predicate({ message }: z.core.$ZodIssue): string {
  const [, expected] = /expected (.*)$/.exec(message) ?? [];
  if (expected === undefined) return message;
  const what = expected.replace(/, received \w+$/, '');
  return `must be ${TYPES[what] ?? what}`;
}

const TYPES: Readonly<Record<string, string>> = {
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  object: 'a section with keys of its own',
};

export const valueAt = (tree: object, path: string): unknown =>
  path.split('.').reduce<unknown>((below, name) => (below as never)?.[name], tree);
