import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { ServerName } from '../protocol/identifiers.ts';
import { readAppServices } from './app-services.ts';
import { refuseWrongAuthorities } from './authorities.ts';
import { ConfigError } from './config-error.ts';
import { emailOf } from './email.ts';
import { explainIssues, valueAt } from './explain-issues.ts';
import { readIdentityProviders } from './identity-providers.ts';
import { editsBetween, KEYS, type Key, nearest, optionOf, variableOf } from './keys.ts';
import { ldapOf } from './ldap.ts';
import { s3Of } from './s3.ts';
import { type Config, type ConfigGiven, configSchema } from './schema.ts';

export { ConfigError };

export interface Sources {
  /** The command line behind the program's name. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>> & { FAROL_CONFIG?: string };
}

type Tree = { [key: string]: unknown };

interface Given {
  readonly key: Key;
  readonly text: string;
  /** Where it was given, as the subject of a sentence. */
  readonly origin: string;
}

/** Options win over environment variables, these over the file of `--config`, that over defaults. */
export function readConfig(sources: Sources): Config {
  const { file, given } = readOptions(sources.options);
  const path = file ?? sources.environment.FAROL_CONFIG;
  const tree: Tree = path === undefined ? {} : readTree(path);
  const origins = new Map<string, string>();
  for (const { key, text, origin } of [...readEnvironment(sources.environment), ...given]) {
    put(tree, key.path, parsed(key, text));
    origins.set(key.path, origin);
  }
  const result = configSchema.safeParse(tree);
  if (result.success) return withFiles(result.data);
  throw new ConfigError(explainIssues(result.error.issues, { tree, origins }));
}

/** What other programs wrote is read at the start, too: later nobody would be there to mend it. */
function withFiles({ appServices = [], email, ldap, s3, signIn, ...config }: ConfigGiven): Config {
  refuseWrongAuthorities(config.federation.ca);
  const services = readAppServices(appServices, config.serverName as ServerName);
  const { providers = [], clients = [] } = signIn;
  return {
    ...config,
    appServices: services,
    email: emailOf(email, config.serverName),
    ldap: ldapOf(ldap),
    s3: s3Of(s3),
    signIn: { providers: readIdentityProviders(providers), clients },
  };
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
  const given: Given[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option') {
      throw new ConfigError(`"${options[token.index]}" is no option: they begin with --`);
    }
    const key = known[token.name];
    const { value, rawName: origin } = token;
    // `--presence --data x` forgot a value: the next option is none.
    const isForgotten = value === undefined || (!token.inlineValue && value.startsWith('--'));
    if (isForgotten || (!key && token.name !== 'config')) {
      throw unknownOrEmpty(origin, Object.keys(known), key);
    }
    if (!key) file = value;
    else given.push({ key, text: value, origin: `The option ${origin}` });
  }
  return { file, given };
}

function unknownOrEmpty(option: string, known: readonly string[], key?: Key): ConfigError {
  const options = ['config', ...known].map((name) => `--${name}`);
  const choices = key?.type === 'boolean' ? ['true', 'false'] : (key?.choices ?? []);
  const values = choices.length > 0 ? ` (${choices.join(', ')})` : '';
  if (options.includes(option)) {
    return new ConfigError(`The option ${option} needs a value${values}.`);
  }
  return new ConfigError(
    `There is no option ${option}; the nearest is ${nearest(option, options)}.`,
  );
}

/** Other programs have FAROL_ variables too, so only what looks like a slip is refused. */
function readEnvironment(environment: Sources['environment']): Given[] {
  const known = new Map(KEYS.map((key) => [variableOf(key.path), key]));
  return Object.entries(environment).flatMap(([name, value]): Given[] => {
    if (!name.startsWith('FAROL_') || name === 'FAROL_CONFIG' || value === undefined) return [];
    const key = known.get(name);
    if (key) return [{ key, text: value, origin: `The environment variable ${name}` }];
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
    throw new ConfigError(`The configuration file ${path} ${whatIsWrong(cause as Error)}`, {
      cause,
    });
  }
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) {
    return withTexts(tree as Tree);
  }
  const found = Array.isArray(tree) ? 'a list ("- …")' : 'a single value';
  throw new ConfigError(
    `The configuration file ${path} holds ${found}; each line must be a key with its value, such as "serverName: example.org".`,
  );
}

/** YAML reads `defaultRoomVersion: 11` as a number, where a text is meant. */
function withTexts(tree: Tree): Tree {
  for (const { path } of KEYS.filter((key) => key.type === 'string')) {
    const value = valueAt(tree, path);
    if (typeof value === 'number') put(tree, path, String(value));
  }
  return tree;
}

function parsed(key: Key, text: string): unknown {
  if (key.type === 'number' && text.trim() !== '' && !Number.isNaN(Number(text))) {
    return Number(text);
  }
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

/** With whoever must act: who writes it, who may let it be read. */
function whatIsWrong({ message, ...error }: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'is not there: write it, or name another one with --config.';
  if (error.code === 'EACCES') return 'may not be read by the user that Farol runs as: let it be.';
  if (error.code === 'EISDIR') return 'is a folder: name a file in it with --config.';
  return `cannot be read (${message}): mend it.`;
}
