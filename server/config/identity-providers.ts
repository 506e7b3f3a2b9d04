import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;

const provider = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9._~-]{1,100}$/i, 'must be up to 100 of a-z, 0-9 and . _ ~ -')
    .refine((id) => id !== '.' && id !== '..', 'must not be dots alone'),
  name: z.string().min(1).max(100),
  icon: z.string().startsWith('mxc://').optional(),
  brand: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'must be one of a-z, 0-9 and . _ -')
    .optional(),
  issuer: z
    .url()
    .refine(
      (url) => url.startsWith('https://') || LOOPBACK.test(url),
      'must begin with https://, but for one on this machine',
    ),
  clientId: z.string().min(1),
  clientSecretFile: z.string().min(1).optional(),
  scopes: z
    .array(z.string().min(1))
    .default(['openid', 'profile'])
    .refine((all) => all.includes('openid'), 'must have openid among them'),
  claims: z
    .strictObject({
      localpart: z.string().min(1).default('preferred_username'),
      displayName: z.string().min(1).default('name'),
    })
    .prefault({}),
  makesAccounts: z.boolean().default(true),
  linksByName: z.boolean().default(false),
  checksLoginTime: z.boolean().default(true),
});

export type IdentityProvider = Omit<z.output<typeof provider>, 'clientSecretFile'> & {
  readonly clientSecret: string | undefined;
};

/** The OpenID providers that are written down in these files. Throws ConfigError: who must do what. */
export function readIdentityProviders(files: readonly string[]): IdentityProvider[] {
  const all = files.map((file) => ({ file, provider: readOne(file) }));
  for (const what of ['id', 'issuer'] as const) {
    const seen = new Map<string, string>();
    for (const { file, provider } of all) {
      const value = comparedBy[what](provider);
      const other = seen.get(value);
      if (other !== undefined)
        throw new ConfigError(
          `The identity providers in ${other} and ${file} have the same ${what}: take one of them out, or give it another.`,
        );
      seen.set(value, file);
    }
  }
  return all.map((each) => each.provider);
}

/** With a slash at its end or without, an issuer that has no path is the same one. */
const comparedBy = {
  id: ({ id }: IdentityProvider) => id,
  issuer: ({ issuer }: IdentityProvider) => new URL(issuer).href,
};

function readOne(file: string): IdentityProvider {
  const result = provider.safeParse(parsed(file));
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    const where = path.length === 0 ? '' : `${path.join('.')}: `;
    throw new ConfigError(
      `The identity provider in ${file} is wrong: ${where}${message}. Mend it (docs/sign-in.md has an example).`,
    );
  }
  const { clientSecretFile, ...given } = result.data;
  const clientSecret =
    clientSecretFile === undefined
      ? undefined
      : textIn(resolve(dirname(file), clientSecretFile), file).trim();
  return { ...given, clientSecret };
}

function parsed(file: string): unknown {
  const text = textIn(file, 'the key "signIn.providers"');
  try {
    return parseYaml(text);
  } catch (cause) {
    const [first] = (cause as Error).message.split('\n');
    throw new ConfigError(`The identity provider in ${file} is no YAML (${first}): mend it.`, {
      cause,
    });
  }
}

function textIn(path: string, from: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      `${path}, which ${from} names, cannot be read (${(cause as Error).message}): let Farol's user read it, or name another one.`,
      { cause },
    );
  }
}
