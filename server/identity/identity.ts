import { randomBytes } from 'node:crypto';
import type { Log } from '../log/log.ts';
import type { Database } from '../storage/database.ts';
import {
  PUT_IDENTITY,
  RESEAL_IDENTITY,
  readIdentity,
  type StoredIdentity,
} from '../storage/identity.ts';
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
  /** The first is to seal it; others may have sealed it until now. */
  existing(): readonly [Buffer, ...Buffer[]];
  forNewIdentity(): Buffer;
}

interface Sealed {
  keyId: `ed25519:${string}`;
  seed: string;
  secret: string;
}

/** Only the first writer makes an identity; every later one finds it, and seals it with the secret of now. */
export async function openOrMakeIdentity(options: {
  database: Database;
  log: Log;
  serverName: string;
  secret: SecretSource;
}): Promise<Identity> {
  const stored = await storedFor(options);
  if (stored) return openAndReseal(stored, options);
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

async function openAndReseal(
  { serverName, sealed }: StoredIdentity,
  { log, secret }: { log: Log; secret: SecretSource },
): Promise<Identity> {
  const secrets = secret.existing();
  const { identity, sealedWith } = open(sealed, secrets);
  if (sealedWith > 0) {
    const resealed = sealFor('identity', secrets[0]).seal(Buffer.from(JSON.stringify(identity)));
    await log.commit(() => ({
      change: {
        rows: [{ write: RESEAL_IDENTITY, values: [serverName, resealed] }],
        records: [],
        touches: [],
      },
      value: undefined,
    }));
  }
  return identityOf(serverName, identity);
}

/** Undefined where there is none yet. */
export async function openIdentity(options: {
  database: Database;
  serverName: string;
  secret: Pick<SecretSource, 'existing'>;
}): Promise<Identity | undefined> {
  const stored = await storedFor(options);
  if (!stored) return undefined;
  return identityOf(stored.serverName, open(stored.sealed, options.secret.existing()).identity);
}

async function storedFor(options: {
  database: Database;
  serverName: string;
}): Promise<StoredIdentity | undefined> {
  const stored = await readIdentity(options.database);
  if (!stored) return undefined;
  if (stored.serverName !== options.serverName) {
    throw new WrongIdentity(
      `These data belong to the server "${stored.serverName}", not to "${options.serverName}": a server name cannot be changed. Set serverName to "${stored.serverName}", or name another data folder.`,
    );
  }
  return stored;
}

/** And which of the secrets opened it. */
function open(
  sealed: Buffer,
  secrets: readonly Buffer[],
): { identity: Sealed; sealedWith: number } {
  let cause: unknown;
  for (const [sealedWith, secret] of secrets.entries()) {
    try {
      const text = sealFor('identity', secret).open(sealed).toString();
      return { identity: JSON.parse(text) as Sealed, sealedWith };
    } catch (error) {
      cause = error;
    }
  }
  throw new WrongIdentity(
    'The secret file does not open the signing key in the database. The operator must bring back the secret file that was made with it.',
    { cause },
  );
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
