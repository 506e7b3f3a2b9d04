import { randomBytes } from 'node:crypto';
import type { Log } from '../log/log.ts';
import type { Database } from '../storage/database.ts';
import { PUT_IDENTITY, readIdentity } from '../storage/identity.ts';
import { derivedSecret, type Seal, sealFor } from './sealed.ts';

/** Who this server is, the same at every site (D11a). */
export interface Identity {
  readonly serverName: string;
  readonly signingKey: { readonly keyId: `ed25519:${string}`; readonly seed: Buffer };
  /** For whatever must be kept secret in the database. */
  sealFor(purpose: string): Seal;
  /** 32 bytes that only this cluster knows, other ones for each purpose. */
  secretFor(purpose: string): Buffer;
}

/** The database belongs to another server name, or was sealed with another secret. */
export class WrongIdentity extends Error {
  override readonly name = 'WrongIdentity';
}

/**
 * Where the secret that seals the identity comes from. It is made together with the identity only:
 * one that is missing beside data that were sealed with it is lost, and another would not open them.
 */
export interface SecretSource {
  existing(): Buffer;
  forNewIdentity(): Buffer;
}

interface Sealed {
  keyId: `ed25519:${string}`;
  seed: string;
  secret: string;
}

/** Only the first writer makes an identity; every later one finds it. */
export async function openOrMakeIdentity(options: {
  database: Database;
  log: Log;
  serverName: string;
  secret: SecretSource;
}): Promise<Identity> {
  const known = await openIdentity(options);
  if (known) return known;
  const seal = sealFor('identity', options.secret.forNewIdentity());
  const made: Sealed = {
    keyId: `ed25519:${randomBytes(4).toString('hex')}`,
    seed: randomBytes(32).toString('base64'),
    secret: randomBytes(32).toString('base64'),
  };
  const sealed = seal.seal(Buffer.from(JSON.stringify(made)));
  await options.log.commit(() => ({
    change: {
      rows: [{ write: PUT_IDENTITY, values: [options.serverName, sealed] }],
      records: [],
      touches: [],
    },
    value: undefined,
  }));
  return identityOf(options.serverName, made);
}

/** Undefined where there is none yet. */
export async function openIdentity(options: {
  database: Database;
  serverName: string;
  secret: Pick<SecretSource, 'existing'>;
}): Promise<Identity | undefined> {
  const stored = await readIdentity(options.database);
  if (!stored) return undefined;
  if (stored.serverName !== options.serverName) {
    throw new WrongIdentity(
      `These data belong to the server "${stored.serverName}", not to "${options.serverName}": a server name cannot be changed. Set serverName to "${stored.serverName}", or name another data folder.`,
    );
  }
  return identityOf(stored.serverName, open(stored.sealed, options.secret.existing()));
}

function open(sealed: Buffer, secret: Buffer): Sealed {
  try {
    return JSON.parse(sealFor('identity', secret).open(sealed).toString()) as Sealed;
  } catch (cause) {
    throw new WrongIdentity(
      'The secret file does not open the signing key in the database. The operator must bring back the secret file that was made with it.',
      { cause },
    );
  }
}

function identityOf(serverName: string, sealed: Sealed): Identity {
  const secret = Buffer.from(sealed.secret, 'base64');
  return {
    serverName,
    signingKey: { keyId: sealed.keyId, seed: Buffer.from(sealed.seed, 'base64') },
    sealFor: (purpose) => sealFor(purpose, secret),
    secretFor: (purpose) => derivedSecret(purpose, secret),
  };
}
