import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { editsBetween, KEYS, type Key, nearest, optionOf, SECTIONS, variableOf } from './keys.ts';
import { type Config, configSchema } from './schema.ts';

/** What is wrong with the configuration, in words for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface Sources {
  /** The command line behind the program's name. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>> & { FAROL_CONFIG?: string };
}

type Tree = { [key: string]: unknown };

/** Options win over environment variables, these over the file of `--config`, that over defaults. */
export function readConfig(sources: Sources): Config {
  const { file, given } = readOptions(sources.options);
  const fromEnvironment = readEnvironment(sources.environment);
  const path = file ?? sources.environment.FAROL_CONFIG;
  const tree: Tree = path === undefined ? {} : readTree(path);
  for (const [key, text] of [...fromEnvironment, ...given]) put(tree, key.path, parsed(key, text));
  const result = configSchema.safeParse(tree);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map(explain).join('\n'));
}

function readOptions(options: readonly string[]) {
  const known = Object.fromEntries(KEYS.map((key) => [optionOf(key.path), key]));
  const { tokens } = parseArgs({
    args: [...options],
    options: Object.fromEntries(
      ['config', ...Object.keys(known)].map((name) => [name, { type: 'string' as const }]),
    ),
    strict: false,
    tokens: true,
  });
  let file: string | undefined;
  const given: [Key, string][] = [];
  for (const token of tokens) {
    if (token.kind !== 'option') {
      throw new ConfigError(`"${options[token.index]}" is no option: they begin with --`);
    }
    if (token.value === undefined) throw unknownOrEmpty(token.rawName, Object.keys(known));
    const key = known[token.name];
    if (token.name === 'config') file = token.value;
    else if (key) given.push([key, token.value]);
    else throw unknownOrEmpty(token.rawName, Object.keys(known));
  }
  return { file, given };
}

function unknownOrEmpty(option: string, known: readonly string[]): ConfigError {
  const options = ['config', ...known].map((name) => `--${name}`);
  if (options.includes(option)) return new ConfigError(`The option ${option} needs a value.`);
  return new ConfigError(
    `There is no option ${option}; the nearest is ${nearest(option, options)}.`,
  );
}

/** Other programs have FAROL_ variables too, so only what looks like a slip is refused. */
function readEnvironment(environment: Sources['environment']): [Key, string][] {
  const known = new Map(KEYS.map((key) => [variableOf(key.path), key]));
  return Object.entries(environment).flatMap(([name, value]): [Key, string][] => {
    if (!name.startsWith('FAROL_') || name === 'FAROL_CONFIG' || value === undefined) return [];
    const key = known.get(name);
    if (key) return [[key, value]];
    const meant = nearest(name, [...known.keys()]);
    if (editsBetween(name, meant) > 2) return [];
    throw new ConfigError(`There is no environment variable ${name}; the nearest is ${meant}.`);
  });
}

function readTree(path: string): Tree {
  let tree: unknown;
  try {
    tree = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    throw new ConfigError(`The configuration file ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree as Tree;
  throw new ConfigError(`The configuration file ${path} must be a list of keys with their values.`);
}

function parsed(key: Key, text: string): unknown {
  if (key.type === 'number' && text.trim() !== '') return Number(text);
  if (key.type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function put(tree: Tree, path: string, value: unknown) {
  const names = path.split('.');
  const last = names.pop()!;
  let at = tree;
  for (const name of names) {
    const below = at[name];
    const next = typeof below === 'object' && below !== null ? (below as Tree) : {};
    at[name] = next;
    at = next;
  }
  at[last] = value;
}

function explain(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const all = [...SECTIONS, ...KEYS].map((each) => each.path);
    return issue.keys
      .map((name) => [...path, name].join('.'))
      .map((key) => `There is no key "${key}"; the nearest is "${nearest(key, all)}".`)
      .join('\n');
  }
  return `The key "${path.join('.')}": ${issue.message}.`;
}
