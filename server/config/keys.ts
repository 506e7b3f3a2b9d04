import { z } from 'zod';
import { configSchema } from './schema.ts';

/** What one key of the configuration is, read from the schema. */
export interface Key {
  /** `cluster.runtimeDir` */
  readonly path: string;
  readonly type: 'string' | 'number' | 'boolean';
  readonly description: string;
  /** Undefined for one that is off unless set, or that must be given. */
  readonly default: string | number | boolean | undefined;
  readonly choices: readonly string[] | undefined;
}

/** A key with keys below it. */
export interface Section {
  readonly path: string;
  readonly description: string;
}

interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  properties?: Record<string, Node>;
}

const root = z.toJSONSchema(configSchema, { io: 'input' }) as Node;

export const KEYS: readonly Key[] = keysOf(root, '');
export const SECTIONS: readonly Section[] = sectionsOf(root, '');

/** `cluster.runtimeDir` is given as `--cluster-runtime-dir` and as `FAROL_CLUSTER_RUNTIME_DIR`. */
export const optionOf = (path: string): string =>
  path
    .replaceAll('.', '-')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter}`)
    .toLowerCase();
export const variableOf = (path: string): string =>
  `FAROL_${optionOf(path).replaceAll('-', '_').toUpperCase()}`;

/** The one of `known` that takes the fewest edits to get to: for messages only. */
export function nearest(text: string, known: readonly string[]): string {
  const distances = known.map((each) => editsBetween(text.toLowerCase(), each.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))] ?? '';
}

function keysOf(node: Node, prefix: string): Key[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    if (child.properties) return keysOf(child, `${path}.`);
    return [
      {
        path,
        type: (child.type === 'integer' ? 'number' : (child.type ?? 'string')) as Key['type'],
        description: child.description ?? '',
        default: child.default as Key['default'],
        choices: child.enum,
      },
    ];
  });
}

function sectionsOf(node: Node, prefix: string): Section[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    if (!child.properties) return [];
    const path = `${prefix}${name}`;
    return [{ path, description: child.description ?? '' }, ...sectionsOf(child, `${path}.`)];
  });
}

/** How many letters must be added, taken away or replaced (Levenshtein). */
export function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
