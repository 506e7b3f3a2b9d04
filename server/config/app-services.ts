import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { AppService } from '../protocol/app-service.ts';
import { newUserId, type ServerName } from '../protocol/identifiers.ts';
import { ConfigError } from './config-error.ts';

const regex = z.string().transform((text, context) => {
  try {
    // From the beginning on, but not to the end: as the homeservers read it for which it was written.
    return new RegExp(`^(?:${unescapedNeedlessly(text)})`, 'u');
  } catch (cause) {
    const message = `is no regular expression: ${(cause as Error).message}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
});

/** Python's `re.escape`, by which bridges make them, also escapes what means nothing: here that would be an error. */
const unescapedNeedlessly = (text: string): string =>
  text.replaceAll(/\\(.)/gsu, (whole, escaped: string) =>
    /[A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(escaped)
      ? whole
      : `\\u{${escaped.codePointAt(0)!.toString(16)}}`,
  );

const namespaces = z
  .array(z.looseObject({ exclusive: z.boolean().default(false), regex }))
  .nullish()
  .transform((all) =>
    (all ?? []).map((each) => ({ isExclusive: each.exclusive, regex: each.regex })),
  );

const token = z.string().min(1, 'is empty');

/** A registration as bridges generate it; what stands in it besides is for others. */
const registration = z.looseObject({
  id: z.string().min(1, 'is empty'),
  url: z
    .union([z.literal(''), z.url({ protocol: /^https?$/, error: 'must be a URL, or null' })])
    .nullish()
    .transform((url) => url?.replace(/\/+$/, '') || undefined),
  as_token: token,
  hs_token: token,
  sender_localpart: z.string(),
  namespaces: z
    .looseObject({ users: namespaces, aliases: namespaces, rooms: namespaces })
    .nullish()
    .transform((all) => all ?? { users: [], aliases: [], rooms: [] }),
  rate_limited: z.boolean().nullish(),
  receive_ephemeral: z.boolean().nullish(),
  'de.sorunome.msc2409.push_ephemeral': z.boolean().nullish(),
  protocols: z.array(z.string()).nullish(),
});

/** The application services whose registrations lie in these files. Throws ConfigError: who must do what. */
export function readAppServices(files: readonly string[], serverName: ServerName): AppService[] {
  const all = files.map((file) => ({ file, service: readOne(file, serverName) }));
  for (const [what, valueIn] of UNIQUE) {
    const seen = new Map<string, string>();
    for (const { file, service } of all) {
      const other = seen.get(valueIn(service));
      if (other !== undefined)
        throw new ConfigError(
          `The registrations ${other} and ${file} have the same ${what}: give one of them another, here and in its bridge.`,
        );
      seen.set(valueIn(service), file);
    }
  }
  return all.map(({ service }) => service);
}

const UNIQUE: readonly [string, (service: AppService) => string][] = [
  ['id', ({ id }) => id],
  ['as_token', ({ asToken }) => asToken],
  // Each would answer for what the other sends.
  ['sender_localpart', ({ sender }) => sender],
];

function readOne(file: string, serverName: ServerName): AppService {
  const result = registration.safeParse(treeIn(file));
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    const subject = path.length === 0 ? 'is none' : `is wrong: ${path.join('.')}`;
    throw wrong(file, `${subject}: ${message}`);
  }
  const { id, url, as_token: asToken, hs_token: hsToken, ...said } = result.data;
  const sender = newUserId(said.sender_localpart, serverName);
  if (!sender.ok) throw wrong(file, `is wrong: sender_localpart: ${sender.reason}`);
  return {
    ...{ id, url, asToken, hsToken, sender: sender.value },
    namespaces: said.namespaces,
    isRateLimited: said.rate_limited ?? true,
    receivesEphemeral:
      said.receive_ephemeral ?? said['de.sorunome.msc2409.push_ephemeral'] ?? false,
    protocols: said.protocols ?? [],
  };
}

function treeIn(file: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new ConfigError(
        `The registration ${file} is not there: copy it from where the bridge wrote it, or take it out of the key "appServices".`,
        { cause },
      );
    throw new ConfigError(
      `The registration ${file} cannot be read (${message.split('\n')[0]}): let Farol's user read it, or generate it anew with the bridge.`,
      { cause },
    );
  }
}

const wrong = (file: string, what: string) =>
  new ConfigError(
    `The registration of an application service in ${file} ${what}. Mend it, or generate it anew with the bridge.`,
  );
